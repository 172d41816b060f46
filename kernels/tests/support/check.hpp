// A test harness on one page: claims, checks, and a seeded source of random numbers.
//
// A test file declares `const test::Claim`s, each a sentence and a function, and ends in `int
// main() { return test::run(); }`. A failed check prints its place and, inside a `test::Note`, the
// context (a seed, a family). The claim goes on, and the program exits with 1.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <random>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace test {

struct State {
    std::vector<std::pair<std::string, std::function<void()>>> claims;
    std::vector<std::string> notes;
    int failures = 0;
    long checks = 0;
};

inline State& state() {
    static State instance;
    return instance;
}

struct Claim {
    Claim(std::string says, std::function<void()> body) {
        state().claims.emplace_back(std::move(says), std::move(body));
    }
};

struct Note {  // context for failures inside its scope
    explicit Note(std::string text) { state().notes.push_back(std::move(text)); }
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    ~Note() { state().notes.pop_back(); }
};

// Returns the condition, so that a test can stop when going on makes no sense.
inline bool check(bool condition, const char* expected,
                  std::source_location where = std::source_location::current()) {
    ++state().checks;
    if (condition) return true;
    if (++state().failures > 20) return false;  // enough to diagnose
    std::printf("  FAILED %s:%u: expected %s", where.file_name(), unsigned{where.line()}, expected);
    for (const std::string& note : state().notes) std::printf(" [%s]", note.c_str());
    std::printf("\n");
    return false;
}

inline int run() {
    for (const auto& [says, body] : state().claims) {
        const int before = state().failures;
        body();
        std::printf("%s %s\n", state().failures == before ? "ok    " : "FAILED", says.c_str());
        std::fflush(stdout);
    }
    std::printf("%ld checks, %d failures\n", state().checks, state().failures);
    return state().failures == 0 ? 0 : 1;
}

class Random {  // the same with every standard library: no std distributions
public:
    explicit Random(std::uint64_t seed) : engine_(seed * 2654435761u + 1) {}
    std::int64_t below(std::int64_t n) {
        return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
    }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + below(high - low + 1);
    }
    double unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
    bool chance(double p) { return unit() < p; }

private:
    std::mt19937_64 engine_;
};

}  // namespace test
