// SPDX-License-Identifier: GPL-3.0-or-later
#include "report.h"
#include <string.h>
#include "flash.h"
#include "frame.h"
#include "hal.h"
#include "sampler.h"
#include "spikes.h"
#include "stimulus.h"

#define BOARD_NAME "uno"
enum { PROTOCOL_MAJOR = 1, PROTOCOL_MINOR = 0, BOARD_UNO = 1, BITS = 10, RATE_MOST = 6000 };
static const uint8_t START[] PROGMEM = {PROTOCOL_MAJOR, PROTOCOL_MINOR, 1, 0, 0, BOARD_UNO, HAL_INPUTS, BITS, HAL_OUTPUTS};
enum { REFERENCE = 1100, REFERENCE_LEAST = 900, REFERENCE_MOST = 1300 }; // mV; data sheet: 1.0 to 1.2 V

static uint8_t binary, plot_every, plot_count, calibrated, overflows;
static uint16_t reference;

void report_binary(uint8_t on) {
    binary = on;
    if (on) frame_break();
}
uint8_t report_is_binary(void) { return binary; }
void report_plot(uint8_t every) { plot_every = plot_count = every; }
uint16_t report_reference(void) { return reference; }
void report_overflow(void) {
    if (overflows < 255) overflows++;
}

void report_load_reference(void) {
    reference = hal_load_reference();
    calibrated = reference >= REFERENCE_LEAST && reference <= REFERENCE_MOST;
    if (!calibrated) reference = REFERENCE;
}

uint16_t report_vcc(void) {
    uint16_t code = sampler_reference_code();
    return code ? (uint16_t)(((uint32_t)reference * 1024 + code / 2) / code) : 0;
}

static void say(char *text, char *end) {
    if (!binary) {
        *end++ = '\r';
        *end++ = '\n';
        *end = 0;
        frame_text(text);
    } else {
        frame_send(FRAME_REPLY, hal_now(), text, (uint8_t)(end - text));
    }
}

void report_text(const char *flash_text) {
    char text[PAYLOAD_MOST];
    say(text, text_put(text, flash_text));
}

static char *put_word(char *to, const char *word) {
    while (*word) *to++ = *word++;
    *to++ = ' ';
    return to;
}

void report_answer(const command_t *command, const char *refusal, uint32_t value) {
    char text[PAYLOAD_MOST], *end = text_put(text, refusal ? T("err ") : T("ok "));
    if (command->tag[0]) end = put_word(end, command->tag);
    if (refusal)
        end = text_put(end, refusal);
    else
        end = text_number(put_word(end, command->name), value);
    say(text, end);
}

void report_hello(uint32_t nonce) {
    if (!binary) {
        report_text(T("# lui-bridge proto=1 fw=1.0.0 board=" BOARD_NAME " (type help)"));
        return;
    }
    uint8_t payload[40], *p = payload;
    for (uint8_t i = 0; i < sizeof START; i++) *p++ = pgm_read_byte(&START[i]);
    *p++ = calibrated;
    p = put16(put16(p, report_vcc()), reference);
    p = put32(p, (uint32_t)SKEW_US * 1000);
    p = put32(put16(p, RATE_MOST), nonce);
    p = (uint8_t *)text_put((char *)p, T(BOARD_NAME));
    frame_send(FRAME_HELLO, hal_now(), payload, (uint8_t)(p - payload));
}

void report_status(void) {
    if (!binary) return;
    uint8_t payload[12], *p = payload;
    p = put16(p, sampler_lost_blocks());
    p = put16(p, sampler_missed_ticks());
    p = put16(p, edges_lost());
    *p++ = overflows;
    *p++ = stimulus_levels();
    p = put16(p, report_vcc());
    *p++ = sampler_channels();
    frame_send(FRAME_STATUS, hal_now(), payload, (uint8_t)(p - payload));
}

static void plot(const block_t *block) { // codes in mV: "A0:1243,A1:152"
    if (!plot_every || --plot_count) return;
    plot_count = plot_every;
    uint16_t supply = report_vcc();
    char text[HAL_INPUTS * 9 + 3], *end = text;
    const uint16_t *codes = block->codes;
    for (uint8_t channel = 0; channel < HAL_INPUTS; channel++)
        if (sampler_channels() >> channel & 1) {
            if (end != text) *end++ = ',';
            *end++ = 'A';
            *end++ = (char)('0' + channel);
            *end++ = ':';
            end = text_number(end, (uint32_t)(*codes++ & CODE) * supply / 1024);
        }
    say(text, end);
}

static void send_block(const block_t *block) {
    uint8_t payload[PAYLOAD_MOST], *p = payload;
    *p++ = sampler_channels();
    *p++ = block->sets;
    p = put16(p, sampler_period());
    uint8_t bytes = 2 * block->sets * sampler_count();
    memcpy(p, block->codes, bytes); // little-endian, as the chip is
    frame_send(FRAME_DATA, block->time, payload, bytes + 4);
}

void report_waiting(void) {
    edge_t edge;
    while (edge_take(&edge)) {
        uint8_t payload[4] = {edge.source, edge.seen};
        put16(payload + 2, edge.counter);
        if (binary) frame_send(FRAME_EVENT, edge.time, payload, sizeof payload);
    }
    const block_t *block = sampler_block();
    if (!block) return;
    if (binary)
        send_block(block);
    else
        plot(block);
    sampler_free();
}
