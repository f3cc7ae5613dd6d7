/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The steps of luisim/kernels/network.py in C. That file is the reference: same operations in the same order, same names, and a
 * test asks for the same bits. Compile without contraction to fused multiply-adds (-ffp-contract=off), or the last bits differ.
 * Choices inside a loop over neurons are written as arithmetic, so that the compiler can do several neurons at once.
 */

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, FULL = 1040 }; /* 1040 weights of 63 are the most that 16 bit hold */

/* the same fields, in the same order, as in network.py */
typedef struct {
    int64_t n, step, stop, events, next_event, slots, capacity, spikes, most_spikes, watched, start;
    double delay;
    const uint8_t *weights;
    const int8_t *sign;
    const int64_t *targets_from, *targets;
    const int64_t *event_step;
    const int32_t *event_line;
    const float *event_part;
    int32_t *ring_line;
    float *ring_part;
    int64_t *ring_count;
    const float *utilization, *recovery;
    float *resource;
    double *last;
    uint16_t *sum16;
    int32_t *sum32;
    float *now, *next;
    int64_t *used; /* [0, 1]: sum16 of a sign, [2, 3]: now, [4, 5]: next */
    int64_t *spike_step;
    int32_t *spike_neuron;
    float *spike_part;
    const int64_t *watch;
    float *trace;
    const float *parameters;
    float *state;
    int32_t *flag;
} Network;

/* tanh: x P(x^2) / Q(x^2), the continued fraction of Lambert to its ninth level: 5e-7 off below 6, at most 3e-5 beyond */
static inline __attribute__((always_inline)) float ratio_tanh(float x)
{
    float a = x < -9.0f ? -9.0f : x;
    a = a > 9.0f ? 9.0f : a;
    float s = a * a;
    float p = 654729075.0f + s * (91891800.0f + s * (2837835.0f + s * (25740.0f + s * 55.0f)));
    float q = 654729075.0f + s * (310134825.0f + s * (18918900.0f + s * (315315.0f + s * (1485.0f + s))));
    float t = a * p / q;
    t = t < -1.0f ? -1.0f : t;
    return t > 1.0f ? 1.0f : t;
}

/* (exp(x) - 1) / x for |x| <= 0.5 */
static inline __attribute__((always_inline)) float phi(float x)
{
    return 1.0f + x * (0.5f + x * (1.6666667e-1f + x * (4.1666667e-2f + x * (8.3333333e-3f + x * 1.3888889e-3f))));
}

static void deliver(Network *net, int32_t line, float part)
{
    const int64_t n = net->n, sign = net->sign[line] < 0;
    const uint8_t *w = net->weights + line * n;
    float amount = 1.0f;
    if (net->utilization) {
        double at = (double)net->step + (double)part;
        float x = (float)(at - net->last[line]) / net->recovery[line];
        /* 1 / exp(x): the square of a square ... of a short series */
        float y = x < 16.0f ? x * 0.03125f : 0.5f;
        float e = 1.0f - y * phi(-y);
        e = e * e, e = e * e, e = e * e, e = e * e, e = e * e;
        float r = net->resource[line];
        amount = 1.0f - (1.0f - r) * e;
        net->resource[line] = amount - net->utilization[line] * amount;
        net->last[line] = at;
    }
    if (part == 0.0f && amount == 1.0f) {
        uint16_t *sum = net->sum16 + sign * n;
        if (net->used[sign] == FULL) {
            int32_t *sum32 = net->sum32 + sign * n;
            for (int64_t j = 0; j < n; j++)
                sum32[j] += sum[j], sum[j] = 0;
            net->used[sign] = 1;
        }
        for (int64_t j = 0; j < n; j++)
            sum[j] = (uint16_t)(sum[j] + w[j]);
        net->used[sign]++;
        return;
    }
    float early = (1.0f - part) * amount, late = part * amount;
    float *restrict now = net->now + sign * n, *restrict next = net->next + sign * n;
    for (int64_t j = 0; j < n; j++) {
        float x = (float)w[j];
        now[j] += x * early;
        next[j] += x * late;
    }
    net->used[2 + sign] = net->used[4 + sign] = 1;
}

/* what arrives at the start of the step moves the lines; an event between two steps counts in parts at both */
static void arrivals(Network *net, float *const line[2], const float *const scale[2])
{
    const int64_t n = net->n, slot = net->step % net->slots, count = net->ring_count[slot];
    for (int64_t m = 0; m < count; m++)
        deliver(net, net->ring_line[slot * net->capacity + m], net->ring_part[slot * net->capacity + m]);
    net->ring_count[slot] = 0;
    for (; net->next_event < net->events && net->event_step[net->next_event] == net->step; net->next_event++)
        deliver(net, net->event_line[net->next_event], net->event_part[net->next_event]);
    for (int64_t s = 0; s < 2; s++) {
        if (net->used[s] || net->used[2 + s]) {
            uint16_t *sum = net->sum16 + s * n;
            int32_t *sum32 = net->sum32 + s * n;
            float *now = net->now + s * n;
            for (int64_t j = 0; j < n; j++)
                line[s][j] += ((float)(sum32[j] + sum[j]) + now[j]) * scale[s][j];
            memset(sum, 0, (size_t)n * sizeof *sum);
            memset(sum32, 0, (size_t)n * sizeof *sum32);
        }
        if (net->used[2 + s] || net->used[4 + s]) {
            memcpy(net->now + s * n, net->next + s * n, (size_t)n * sizeof(float));
            memset(net->next + s * n, 0, (size_t)n * sizeof(float));
        }
        net->used[s] = 0;
        net->used[2 + s] = net->used[4 + s];
        net->used[4 + s] = 0;
    }
}

static void fire(Network *net, int64_t j, float part)
{
    net->spike_step[net->spikes] = net->step;
    net->spike_neuron[net->spikes] = (int32_t)j;
    net->spike_part[net->spikes++] = part;
    float at = part + (float)net->delay;
    int64_t whole = (int64_t)at, slot = (net->step + whole) % net->slots;
    float rest = at - (float)whole;
    for (int64_t m = net->targets_from[j]; m < net->targets_from[j + 1]; m++) {
        int64_t place = slot * net->capacity + net->ring_count[slot]++;
        net->ring_line[place] = (int32_t)net->targets[m];
        net->ring_part[place] = rest;
    }
}

static void watch(Network *net, const float *v)
{
    float *row = net->trace + (net->step - net->start) * net->watched;
    for (int64_t m = 0; m < net->watched; m++)
        row[m] = v[net->watch[m]];
}

/* ------------------------------------------------------------------------------------------------------------------- Lif */

typedef struct {
    const float *pm, *ek, *ke, *ki, *pe, *pi, *e, *th, *vr, *t_ref, *hm, *he, *hi, *ae, *ai, *u, *iu, *c3, *se, *si;
    float *v, *ie, *ii, *rem, *old;
} Lif;

static Lif lif_of(const Network *net)
{
    const float *p = net->parameters;
    const int64_t n = net->n;
    float *s = net->state;
    return (Lif){p, p + n, p + 2 * n, p + 3 * n, p + 4 * n, p + 5 * n, p + 6 * n, p + 7 * n, p + 8 * n, p + 9 * n,
                 p + 10 * n, p + 11 * n, p + 12 * n, p + 13 * n, p + 14 * n, p + 15 * n, p + 16 * n, p + 17 * n, p + 18 * n,
                 p + 19 * n, s, s + n, s + 2 * n, s + 3 * n, s + 4 * n};
}

static inline __attribute__((always_inline)) int32_t lif_block(
    int saturates, int64_t size, float *restrict v, float *restrict ie, float *restrict ii, float *restrict rem,
    float *restrict old, int32_t *restrict flag, const float *restrict pm, const float *restrict ek, const float *restrict ke,
    const float *restrict ki, const float *restrict pe, const float *restrict pi, const float *restrict th,
    const float *restrict vr, const float *restrict e, const float *restrict hm, const float *restrict ae,
    const float *restrict ai, const float *restrict u, const float *restrict iu, const float *restrict c3)
{
    int32_t any = 0;
    for (int64_t j = 0; j < size; j++) {
        float v0 = v[j], left = rem[j], v1;
        if (saturates) {
            float t = ratio_tanh((e[j] - v0) * iu[j]);
            float z = -(hm[j] * (1.0f - t * t));
            float f = hm[j] * (u[j] * t + (ae[j] * ie[j] - ai[j] * ii[j]));
            v1 = v0 + f * (phi(z) + z * t * (f * c3[j]));
        } else {
            v1 = pm[j] * v0 + (ek[j] + ke[j] * ie[j] - ki[j] * ii[j]);
        }
        int32_t held = -(int32_t)(left > 0.0f), freed = -(int32_t)(left < 1.0f), up = -(int32_t)(v1 >= th[j]);
        int32_t here = (held & freed) | (~held & up);
        flag[j] = here;
        any |= here;
        float hold = left > 0.0f ? 1.0f : 0.0f;
        v[j] = (1.0f - hold) * v1 + hold * vr[j];
        old[j] = v0;
        rem[j] = left - 1.0f;
        ie[j] *= pe[j];
        ii[j] *= pi[j];
    }
    return any;
}

/* the step of one neuron that is released or fires inside it */
static inline __attribute__((always_inline)) void lif_inside(int saturates, Network *net, const Lif *c, int64_t j)
{
    float left = c->rem[j] + 1.0f, v0 = c->old[j], v1 = c->v[j], from = 0.0f, h = 1.0f;
    float ie0 = c->ie[j] / c->pe[j], ii0 = c->ii[j] / c->pi[j];
    if (left > 0.0f) {
        from = left, h = 1.0f - left, v0 = c->vr[j];
        float xe = -(left * c->he[j]), xi = -(left * c->hi[j]);
        ie0 *= 1.0f + xe * phi(xe);
        ii0 *= 1.0f + xi * phi(xi);
        float input = phi(-(h * c->he[j])) * ie0 - phi(-(h * c->hi[j])) * ii0, hm = h * c->hm[j];
        if (saturates) {
            float t = ratio_tanh((c->e[j] - v0) * c->iu[j]);
            float z = -(hm * (1.0f - t * t));
            float f = hm * (c->u[j] * t + input);
            v1 = v0 + f * (phi(z) + z * t * (f * c->c3[j]));
        } else {
            v1 = v0 + hm * ((c->e[j] - v0) + input) * phi(-hm);
        }
        c->v[j] = v1;
    }
    if (!(v1 >= c->th[j]))
        return;
    /* a cubic through both ends with their slopes; Newton from the chord */
    float l0 = c->e[j] - v0, l1 = c->e[j] - v1;
    if (saturates) {
        l0 = c->u[j] * ratio_tanh(l0 * c->iu[j]);
        l1 = c->u[j] * ratio_tanh(l1 * c->iu[j]);
    }
    float d0 = h * c->hm[j] * (l0 + ie0 - ii0), d1 = h * c->hm[j] * (l1 + c->ie[j] - c->ii[j]);
    float c2 = 3.0f * (v1 - v0) - 2.0f * d0 - d1, c3 = 2.0f * (v0 - v1) + d0 + d1, g = v0 - c->th[j];
    float x = v1 > v0 ? -g / (v1 - v0) : 1.0f;
    for (int k = 0; k < 3; k++)
        x = x - (g + x * (d0 + x * (c2 + x * c3))) / (d0 + x * (2.0f * c2 + 3.0f * x * c3));
    if (!(x >= 0.0f))
        x = 0.0f;
    if (x > 1.0f)
        x = 1.0f;
    float part = from + x * h;
    c->v[j] = c->vr[j];
    c->rem[j] = c->t_ref[j] - (1.0f - part);
    fire(net, j, part);
}

static inline __attribute__((always_inline)) void lif_run(int saturates, Network *net)
{
    const Lif c = lif_of(net);
    const int64_t n = net->n;
    float *const line[2] = {c.ie, c.ii};
    const float *const scale[2] = {c.se, c.si};
    for (; net->step < net->stop && net->spikes + n <= net->most_spikes; net->step++) {
        arrivals(net, line, scale);
        for (int64_t b = 0; b < n; b += BLOCK) {
            int32_t any;
#define ARRAYS                                                                                                             \
    c.v + b, c.ie + b, c.ii + b, c.rem + b, c.old + b, net->flag + b, c.pm + b, c.ek + b, c.ke + b, c.ki + b, c.pe + b, c.pi + b, \
        c.th + b, c.vr + b, c.e + b, c.hm + b, c.ae + b, c.ai + b, c.u + b, c.iu + b, c.c3 + b
            int64_t end = b + BLOCK < n ? b + BLOCK : n;
            if (end - b == BLOCK)
                any = lif_block(saturates, BLOCK, ARRAYS);
            else
                any = lif_block(saturates, n - b, ARRAYS);
            if (any)
                for (int64_t j = b; j < end; j++)
                    if (net->flag[j])
                        lif_inside(saturates, net, &c, j);
        }
        watch(net, c.v);
    }
}

void network_lif(Network *net) { lif_run(0, net); }

void network_lif_ota(Network *net) { lif_run(1, net); }

int64_t network_size(void) { return sizeof(Network); }
