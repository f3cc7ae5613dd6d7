// SPDX-License-Identifier: GPL-3.0-or-later
#include "orders.h"
#include "bridge.h"
#include "command.h"
#include "flash.h"
#include "frame.h"
#include "hal.h"
#include "report.h"
#include "sampler.h"
#include "spikes.h"
#include "stimulus.h"

enum { BAUD = 115200, TRIAL_US = 1000000, BAD_LINES = 3 };
enum { PLOT_RATE = 500, BLOCK_US = 20000 }; // a frame waits 20 ms at most

// The numbers that orders take, and their limits
enum { ANY, BIT, MASK, RATE, LINES, OUTPUT, WIDTH, COUNT, LEVEL, REFERENCE };
static const struct {
    uint32_t least, most;
} LIMITS[] PROGMEM = {
    [ANY] = {0, UINT32_MAX},      [BIT] = {0, 1},    [MASK] = {1, (1 << HAL_INPUTS) - 1}, [RATE] = {32, 6000},
    [LINES] = {0, 50},            [OUTPUT] = {1, HAL_OUTPUTS}, [WIDTH] = {WIDTH_LEAST, 60000000}, [COUNT] = {1, 60000},
    [LEVEL] = {0, 5000},          [REFERENCE] = {0, 1300},
};

static const char USAGE[] = ""; // stands for: answer with the line from the table
static uint32_t baud_since;
static uint8_t other_baud, on_trial, bad_lines; // other_baud: not the one after a reset

static uint32_t answer; // the number that goes back with an `ok`

// Each order gets its numbers and how many there are. It returns 0, or why it refuses.
typedef const char *order_t(const uint32_t *a, uint8_t n);

static void set_baud(uint32_t wanted) {
    hal_baud(wanted);
    bridge_forget();
    other_baud = on_trial = wanted != BAUD;
    baud_since = hal_now();
}

static void stop(void) {
    report_plot(0);
    sampler_stop();
}

static const char *do_bin(const uint32_t *a, uint8_t n) {
    stop();
    report_binary((uint8_t)a[0]);
    report_hello(n > 1 ? a[1] : 0);
    return 0;
}

static const char *do_plot(const uint32_t *a, uint8_t n) {
    uint8_t rate = (uint8_t)a[0];
    if (report_is_binary()) return USAGE;
    stop();
    answer = rate;
    if (!rate) return 0;
    uint16_t every = PLOT_RATE / rate; // so the spike detectors still see every spike
    report_plot(every > 255 ? 255 : (uint8_t)every);
    sampler_start(1000000 / PLOT_RATE, n > 1 ? (uint8_t)a[1] : 1, 1);
    return 0;
}

static const char *do_start(const uint32_t *a, uint8_t n) {
    (void)n;
    if (!report_is_binary()) return USAGE;
    uint16_t period = (uint16_t)((1000000 + a[0] / 2) / a[0]);
    answer = period;
    uint8_t sets = (uint8_t)(BLOCK_US / period);
    return sampler_start(period, (uint8_t)a[1], sets ? sets : 1) ? 0 : T("too many for this rate");
}

static const char *do_stop(const uint32_t *a, uint8_t n) {
    (void)a, (void)n;
    stop();
    return 0;
}

static uint16_t to_code(uint16_t millivolt) {
    uint16_t full = report_vcc();
    return millivolt >= full ? 1023 : (uint16_t)((uint32_t)millivolt * 1024 / full);
}

static const char *watch(const uint32_t *a, uint8_t n, uint8_t seen) {
    uint16_t high = (uint16_t)a[1], low = (uint16_t)a[2];
    if (n == 2 || (n == 3 && high <= low)) return USAGE;
    answer = a[0];
    spikes_watch((uint8_t)a[0], n == 1 ? SEEN_NOT : seen, to_code(high), to_code(low));
    return 0;
}

static const char *do_spk(const uint32_t *a, uint8_t n) { return watch(a, n, SEEN_LEVEL); }
static const char *do_fall(const uint32_t *a, uint8_t n) { return watch(a, n, SEEN_FALL); }

static const char *do_wire(const uint32_t *a, uint8_t n) {
    (void)n;
    answer = a[0];
    bridge_watch_wire((uint8_t)a[0]);
    return 0;
}

static const char *do_stim(const uint32_t *a, uint8_t n) {
    uint32_t width = a[1], period = n > 3 ? a[3] : width + width;
    if (period < width + WIDTH_LEAST) return USAGE;
    answer = n > 4 ? a[4] : hal_now() + STIMULUS_LEAD;
    return stimulus_add((uint8_t)a[0] - 1, answer, width, n > 2 ? (uint16_t)a[2] : 1, period) ? 0 : T("full");
}

static const char *do_quiet(const uint32_t *a, uint8_t n) {
    (void)a, (void)n;
    stimulus_clear();
    return 0;
}

static const char *do_baud(const uint32_t *a, uint8_t n) {
    (void)n;
    answer = a[0];
    return answer == BAUD || answer == 250000 || answer == 500000 ? 0 : USAGE;
}

static const char *do_ref(const uint32_t *a, uint8_t n) {
    if (n) {
        hal_save_reference((uint16_t)a[0]);
        report_load_reference();
    }
    answer = report_reference();
    return 0;
}

static const char *do_stat(const uint32_t *a, uint8_t n) {
    (void)a, (void)n;
    report_status();
    answer = report_vcc();
    return 0;
}

static order_t do_help;

static const struct {
    char usage[19];      // begins with the order's name
    uint8_t least, most; // how many numbers
    uint8_t limits[ARGUMENTS_MOST];
    order_t *run;
} ORDERS[] PROGMEM = {
    {"bin 0-1 [nonce]", 1, 2, {BIT, ANY}, do_bin},
    {"plot 0-50 [mask]", 1, 2, {LINES, MASK}, do_plot},
    {"start 32-6000 mask", 2, 2, {RATE, MASK}, do_start},
    {"stop", 0, 0, {ANY}, do_stop},
    {"spk mask [mV mV]", 1, 3, {MASK, LEVEL, LEVEL}, do_spk},
    {"fall mask [mV mV]", 1, 3, {MASK, LEVEL, LEVEL}, do_fall},
    {"wire 0-1", 1, 1, {BIT}, do_wire},
    {"stim 1-6 us n us t", 2, 5, {OUTPUT, WIDTH, COUNT, WIDTH, ANY}, do_stim},
    {"quiet", 0, 0, {ANY}, do_quiet},
    {"baud 115200-500000", 1, 1, {ANY}, do_baud},
    {"ref [900-1300]", 0, 1, {REFERENCE}, do_ref},
    {"stat", 0, 0, {ANY}, do_stat},
    {"help", 0, 0, {ANY}, do_help},
};
enum { ORDER_COUNT = sizeof ORDERS / sizeof ORDERS[0] };

static const char *do_help(const uint32_t *a, uint8_t n) {
    (void)a, (void)n;
    for (uint8_t i = 0; i < ORDER_COUNT; i++) report_text(ORDERS[i].usage);
    answer = ORDER_COUNT;
    return 0;
}

static uint8_t names(const char *usage, const char *name) {
    char c;
    do {
        c = (char)pgm_read_byte(usage++);
        if (c == ' ') c = 0;
        if (c != *name++) return 0;
    } while (c);
    return 1;
}

static const char *run(const command_t *c, uint8_t order) {
    if (c->count < pgm_read_byte(&ORDERS[order].least) || c->count > pgm_read_byte(&ORDERS[order].most)) return USAGE;
    for (uint8_t i = 0; i < c->count; i++) {
        uint8_t limit = pgm_read_byte(&ORDERS[order].limits[i]);
        if (c->arguments[i] < pgm_read_dword(&LIMITS[limit].least)) return USAGE;
        if (c->arguments[i] > pgm_read_dword(&LIMITS[limit].most)) return USAGE;
    }
    return ((order_t *)pgm_read_ptr(&ORDERS[order].run))(c->arguments, c->count);
}

static const char *find_and_run(const command_t *c) {
    for (uint8_t i = 0; i < ORDER_COUNT; i++)
        if (names(ORDERS[i].usage, c->name)) {
            on_trial = bad_lines = 0;
            const char *refusal = run(c, i);
            return refusal == USAGE ? ORDERS[i].usage : refusal;
        }
    bad_lines++;
    return T("unknown, type help");
}

void orders_carry_out(char *line) {
    command_t c;
    answer = 0;
    const char *refusal = command_parse(line, &c);
    if (refusal)
        bad_lines++;
    else
        refusal = find_and_run(&c);
    report_answer(&c, refusal, answer);
    if (!refusal && c.name[0] == 'b' && c.name[1] == 'a') { // the answer still goes at the old rate
        set_baud(answer);
    } else if (bad_lines >= BAD_LINES && other_baud) { // noise: the other side speaks at another rate
        stop();
        report_binary(0);
        bad_lines = 0;
        set_baud(BAUD);
    }
}

void orders_watch_time(uint32_t now) {
    if (on_trial && now - baud_since >= TRIAL_US) set_baud(BAUD);
}
