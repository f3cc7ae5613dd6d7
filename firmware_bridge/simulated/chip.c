// SPDX-License-Identifier: GPL-3.0-or-later
// An ATmega328P on libsimavr, stepped from Python in virtual time. Compiled where it is used, never shipped as a binary.
// What simavr 1.6 gets wrong and this goes round: the ADC latches its input when it is read (here: at the conversion's
// start), and a low D2 or D3 costs a timer per cycle unless strict level triggering is off.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <simavr/avr_acomp.h>
#include <simavr/avr_adc.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>

enum { CHANNELS = 8, PIECES = 512, WIRE = 512, EDGES = 4096, CONVERSIONS = 65536, SENT = 65536, TO_SEND = 8192 };

// v(t) = v_inf + fast exp(-rate_fast t) + slow exp(-rate_slow t), t in s from `start` (a cycle), v in V
typedef struct {
    uint64_t start;
    double v_inf, fast, rate_fast, slow, rate_slow;
} piece_t;
typedef struct {
    uint64_t cycle;
    uint32_t what, level;
} edge_t;

typedef struct {
    avr_t *avr;
    avr_irq_t *adc[CHANNELS], *uart, *wire;
    double hz, vcc, gain, offset, noise; // V; of the codes: factor, LSB, LSB (standard deviation)
    uint64_t random;
    piece_t pieces[CHANNELS][PIECES];
    uint32_t piece_count[CHANNELS];
    edge_t wire_edges[WIRE]; // level in mV
    uint32_t wire_count, wire_next;
    edge_t edges[EDGES]; // of output pins: what = port << 8 | bit
    uint32_t edge_count, edges_lost;
    edge_t conversions[CONVERSIONS]; // what = channel, level = code
    uint32_t conversion_count;
    uint8_t sent[SENT], to_send[TO_SEND];
    uint32_t sent_count, sent_lost, waiting;
    int may_send, stop_at_edges, stopped;
    uint64_t next_byte;
} chip_t;

typedef struct {
    chip_t *chip;
    uint32_t what, level;
} pin_t;

static double normal(chip_t *chip) { // Box and Muller on an xorshift generator
    double u[2];
    for (int i = 0; i < 2; i++) {
        chip->random ^= chip->random << 13;
        chip->random ^= chip->random >> 7;
        chip->random ^= chip->random << 17;
        u[i] = (double)(chip->random >> 11) * 0x1p-53;
    }
    return sqrt(-2.0 * log(1.0 - u[0])) * cos(6.283185307179586 * u[1]);
}

static void on_conversion(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    chip_t *chip = param;
    union {
        avr_adc_mux_t mux;
        uint32_t value;
    } e = {.value = value};
    if (e.mux.kind != ADC_MUX_SINGLE || e.mux.src >= CHANNELS) return;
    uint32_t channel = e.mux.src, n = chip->piece_count[channel];
    double volts = 0.0;
    for (uint32_t i = n; i-- > 0;) {
        const piece_t *p = &chip->pieces[channel][i];
        if (p->start > chip->avr->cycle && i > 0) continue;
        double t = ((double)chip->avr->cycle - (double)p->start) / chip->hz;
        volts = p->v_inf + p->fast * exp(-p->rate_fast * t) + p->slow * exp(-p->rate_slow * t);
        break;
    }
    double code = volts / chip->vcc * 1024.0 * chip->gain + chip->offset;
    if (chip->noise > 0.0) code += chip->noise * normal(chip);
    code = code < 0.0 ? 0.0 : code > 1023.0 ? 1023.0 : floor(code);
    // simavr makes the code from whole mV as mV * 1023 / VCC: the smallest mV that gives it back
    uint32_t supply = chip->avr->avcc;
    avr_raise_irq(chip->adc[channel], ((uint32_t)code * supply + 1022) / 1023);
    if (chip->conversion_count < CONVERSIONS)
        chip->conversions[chip->conversion_count++] = (edge_t){chip->avr->cycle, channel, (uint32_t)code};
}

static void on_pin(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    pin_t *pin = param;
    chip_t *chip = pin->chip;
    if ((value & 1) == pin->level) return;
    pin->level = value & 1;
    if (chip->edge_count < EDGES)
        chip->edges[chip->edge_count++] = (edge_t){chip->avr->cycle, pin->what, pin->level};
    else
        chip->edges_lost++;
    chip->stopped |= chip->stop_at_edges;
}

static avr_cycle_count_t on_wire(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)when;
    chip_t *chip = param;
    while (chip->wire_next < chip->wire_count && chip->wire_edges[chip->wire_next].cycle <= avr->cycle)
        avr_raise_irq(chip->wire, chip->wire_edges[chip->wire_next++].level);
    return chip->wire_next < chip->wire_count ? chip->wire_edges[chip->wire_next].cycle : 0;
}

static void on_byte(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    chip_t *chip = param;
    if (chip->sent_count < SENT)
        chip->sent[chip->sent_count++] = (uint8_t)value;
    else
        chip->sent_lost++;
}
static void on_xon(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq, (void)value;
    ((chip_t *)param)->may_send = 1;
}
static void on_xoff(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq, (void)value;
    ((chip_t *)param)->may_send = 0;
}
static void on_sleep(avr_t *avr, avr_cycle_count_t cycles) { (void)avr, (void)cycles; } // virtual time does not wait
static avr_cycle_count_t on_target(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)avr, (void)when, (void)param;
    return 0; // only so that sleep ends here
}
static void quiet(avr_t *avr, const int level, const char *format, va_list arguments) {
    (void)avr, (void)level, (void)format, (void)arguments;
}

chip_t *chip_open(uint8_t *flash, uint32_t size, uint32_t start, double hz, double vcc, double reference, uint64_t seed) {
    chip_t *chip = calloc(1, sizeof *chip);
    avr_global_logger_set(quiet);
    avr_t *avr = chip ? avr_make_mcu_by_name("atmega328p") : NULL;
    if (!avr) return free(chip), NULL;
    avr_init(avr);
    chip->avr = avr;
    chip->hz = hz;
    chip->vcc = vcc;
    chip->gain = 1.0;
    chip->random = seed * 0x9E3779B97F4A7C15u + 0x2545F4914F6CDD1Du;
    chip->may_send = 1;
    memset(avr->flash, 0xFF, avr->flashend + 1);
    memcpy(avr->flash, flash, size);
    avr->codeend = avr->flashend;
    avr->reset_pc = avr->pc = start;
    avr->frequency = 16000000;
    avr->vcc = avr->avcc = avr->aref = (uint32_t)(vcc * 1000.0 + 0.5);
    avr->sleep = on_sleep;
    avr->run_cycle_limit = 20000;
    for (avr_io_t *io = avr->io_port; io; io = io->next)
        if (io->kind && !strcmp(io->kind, "adc")) ((avr_adc_t *)io)->muxmode[14].diff = (uint32_t)(reference * 1000.0 + 0.5);
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_byte, chip);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_xon, chip);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_xoff, chip);
    chip->uart = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    for (int i = 0; i < CHANNELS; i++) chip->adc[i] = avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0 + i);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER), on_conversion, chip);
    chip->wire = avr_io_getirq(avr, AVR_IOCTL_ACOMP_GETIRQ, ACOMP_IRQ_AIN1);
    avr_extint_set_strict_lvl_trig(avr, 0, 0);
    avr_extint_set_strict_lvl_trig(avr, 1, 0);
    for (const char *port = "BD"; *port; port++)
        for (uint32_t bit = 0; bit < 8; bit++) {
            pin_t *pin = calloc(1, sizeof *pin);
            *pin = (pin_t){chip, (uint32_t)*port << 8 | bit, 0};
            avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(*port), bit), on_pin, pin);
        }
    return chip;
}
void chip_close(chip_t *chip) {
    avr_terminate(chip->avr);
    free(chip);
}
void chip_reset(chip_t *chip) { // as the reset pin does it
    avr_reset(chip->avr);
    chip->avr->data[0x54] = 2; // MCUSR: EXTRF
    chip->waiting = chip->sent_count = 0;
    chip->may_send = 1;
}
void chip_adc(chip_t *chip, double gain, double offset, double noise) {
    chip->gain = gain;
    chip->offset = offset;
    chip->noise = noise;
}
void chip_stop_at_edges(chip_t *chip, int on) { chip->stop_at_edges = on; }
uint64_t chip_cycle(chip_t *chip) { return chip->avr->cycle; }

void chip_pieces(chip_t *chip, uint32_t channel, const piece_t *pieces, uint32_t count) {
    if (count > PIECES) count = PIECES;
    memcpy(chip->pieces[channel], pieces, count * sizeof *pieces);
    chip->piece_count[channel] = count;
}
void chip_wire(chip_t *chip, const edge_t *edges, uint32_t count) {
    if (count > WIRE) count = WIRE;
    memcpy(chip->wire_edges, edges, count * sizeof *edges);
    chip->wire_count = count;
    chip->wire_next = 0;
    avr_cycle_timer_cancel(chip->avr, on_wire, chip);
    uint64_t now = chip->avr->cycle;
    if (count) avr_cycle_timer_register(chip->avr, edges[0].cycle > now ? edges[0].cycle - now : 1, on_wire, chip);
}

// Runs until `cycle`, or until an output pin has changed if it is told to stop there. 0: the chip has crashed or halted
int chip_run(chip_t *chip, uint64_t cycle) {
    avr_t *avr = chip->avr;
    if (cycle > avr->cycle) avr_cycle_timer_register(avr, cycle - avr->cycle, on_target, NULL);
    chip->stopped = 0;
    while (avr->cycle < cycle && !chip->stopped) {
        if (chip->waiting && chip->may_send && avr->cycle >= chip->next_byte) {
            uint32_t divisor = (uint32_t)(avr->data[0xC4] | (avr->data[0xC5] & 0x0F) << 8) + 1;
            uint32_t cycles = divisor * (avr->data[0xC0] & 2 ? 8 : 16) * 10; // UBRR0, U2X0; ten bits a byte
            chip->next_byte = avr->cycle + cycles;
            avr_cycle_timer_register(avr, cycles, on_target, chip);
            uint8_t byte = chip->to_send[0];
            memmove(chip->to_send, chip->to_send + 1, --chip->waiting);
            avr_raise_irq(chip->uart, byte);
        }
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) return 0;
    }
    return 1;
}

uint32_t chip_write(chip_t *chip, const uint8_t *bytes, uint32_t count) {
    if (count > TO_SEND - chip->waiting) count = TO_SEND - chip->waiting;
    memcpy(chip->to_send + chip->waiting, bytes, count);
    chip->waiting += count;
    return count;
}
uint32_t chip_read(chip_t *chip, uint8_t *bytes) {
    uint32_t count = chip->sent_count;
    memcpy(bytes, chip->sent, count);
    chip->sent_count = 0;
    return count;
}
uint32_t chip_lost(chip_t *chip) { return chip->sent_lost + chip->edges_lost; }
uint32_t chip_edges(chip_t *chip, edge_t *edges) {
    uint32_t count = chip->edge_count;
    memcpy(edges, chip->edges, count * sizeof *edges);
    chip->edge_count = 0;
    return count;
}
uint32_t chip_conversions(chip_t *chip, edge_t *edges) {
    uint32_t count = chip->conversion_count;
    memcpy(edges, chip->conversions, count * sizeof *edges);
    chip->conversion_count = 0;
    return count;
}
uint32_t chip_baud(chip_t *chip) {
    const uint8_t *data = chip->avr->data;
    return 2000000u / ((uint32_t)(data[0xC4] | (data[0xC5] & 0x0F) << 8) + 1);
}
uint8_t chip_peek(chip_t *chip, uint32_t address) { return chip->avr->data[address]; }
void chip_poke(chip_t *chip, uint32_t address, uint8_t value) { chip->avr->data[address] = value; }
uint8_t chip_flash(chip_t *chip, uint32_t address) { return chip->avr->flash[address]; }
