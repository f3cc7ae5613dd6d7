// SPDX-License-Identifier: GPL-3.0-or-later
#include "bridge.h"
#include "command.h"
#include "hal.h"
#include "orders.h"
#include "report.h"
#include "sampler.h"
#include "spikes.h"

enum { BAUD = 115200, STATUS_US = 1000000, WIRE_REST_US = 500 };

static volatile uint8_t received[64], head, tail;
static char line[LINE_MOST + 1];
static uint8_t length, too_long;
static uint32_t status_at;
static volatile uint32_t wire_at;
static volatile uint8_t wire_rests;
static uint8_t wire_watched;

void bridge_receive(uint8_t byte) {
    uint8_t end = (head + 1) & (sizeof received - 1);
    if (end == tail) {
        report_overflow();
        return;
    }
    received[head] = byte;
    head = end;
}

void bridge_forget(void) {
    tail = head;
    length = too_long = 0;
}

void bridge_spike_wire(uint8_t high, uint32_t time) {
    edge_put(SOURCE_COMPARATOR | (high ? EDGE_RISES : 0), SEEN_COMPARATOR, time);
    wire_at = time;
    wire_rests = 1;
}

void bridge_watch_wire(uint8_t on) {
    wire_watched = on;
    wire_rests = 0;
    hal_spike_wire(on);
}

static void read_lines(void) {
    while (tail != head) {
        char c = (char)received[tail];
        tail = (tail + 1) & (sizeof received - 1);
        if (c == '\n' || c == '\r') {
            line[length] = 0;
            if (too_long) line[1] = 0; // no order has one letter, so it is refused
            if (length) {
                length = too_long = 0;
                orders_carry_out(line);
            }
        } else if (length < LINE_MOST) {
            line[length++] = c;
        } else {
            too_long = 1;
        }
    }
}

void bridge_start(void) {
    report_load_reference();
    hal_baud(BAUD);
    sampler_reference();
    while (!sampler_reference_code()) {}
    report_hello(0);
}

void bridge_poll(void) {
    read_lines();
    report_waiting();
    uint32_t now = hal_now();
    if (wire_rests && now - wire_at > WIRE_REST_US) bridge_watch_wire(wire_watched); // open, it would catch noise all the time
    if (now - status_at >= STATUS_US) {
        status_at = now;
        report_status();
        sampler_reference();
    }
    orders_watch_time(now);
}

uint8_t bridge_waiting(void) { return tail != head || edge_waiting() || sampler_block() != 0; }
