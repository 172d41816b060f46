// A loop over independent pieces of work, on threads.
//
// Pieces are handed out one after another, so that uneven pieces are balanced. Which thread takes
// which piece is not determined; if pieces write to separate places, the result is the same for any
// number of threads. The first exception stops the loop and is rethrown to the caller when all
// threads are done.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace sparse_ot {

// The number of threads, where 0 means all that the machine has.
[[nodiscard]] inline int threads_or_all(int threads) {
    return threads > 0 ? threads
                       : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Calls make_worker() once on each thread that finds work, and the returned worker with pieces;
// together the workers get every piece 0 .. pieces-1 once. A worker's own state (scratch memory)
// needs no locks.
template <class MakeWorker>
void for_each_piece(std::int64_t pieces, int threads, MakeWorker&& make_worker) {
    std::atomic<std::int64_t> next{0};
    std::exception_ptr failure;
    std::mutex of_failure;
    const auto work = [&] {
        try {
            if (next.load() >= pieces) return;
            auto worker = make_worker();
            for (std::int64_t piece; (piece = next.fetch_add(1)) < pieces;) worker(piece);
        } catch (...) {
            const std::lock_guard lock(of_failure);
            if (!failure) failure = std::current_exception();
            next = pieces;
        }
    };
    std::vector<std::thread> others;
    const auto helpers = std::min<std::int64_t>(threads_or_all(threads), pieces) - 1;
    try {
        for (std::int64_t i = 0; i < helpers; ++i) others.emplace_back(work);
    } catch (const std::system_error&) {
        // The system has no more threads: those already started do the work.
    }
    work();
    for (std::thread& other : others) other.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace sparse_ot
