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
    int64_t n, step, stop, events, next_event, slots, capacity, spikes, most_spikes, watched, start, uses;
    double delay, dt, knot;
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
    const double *clock;
    const float *noise, *zeros;
} Network;

/* tanh as x P(x^2) / Q(x^2), fitted to have the least greatest error up to 8, which is 3e-6 */
static inline __attribute__((always_inline)) float ratio_tanh(float x)
{
    float a = x < -8.0f ? -8.0f : x;
    a = a > 8.0f ? 8.0f : a;
    float s = a * a;
    float p = 1.0f + s * (0.12194006f + s * (2.1797114e-3f + s * 3.4790923e-6f));
    float q = 1.0f + s * (0.45525755f + s * (2.0619209e-2f + s * 1.318403e-4f));
    return a * p / q;
}

/* (exp(x) - 1) / x for |x| <= 0.5 */
static inline __attribute__((always_inline)) float phi(float x)
{
    return 1.0f + x * (0.5f + x * (1.6666667e-1f + x * (4.1666667e-2f + x * (8.3333333e-3f + x * 1.3888889e-3f))));
}

/* exp(-x) for x >= 0, as the square of a square ... of a short series */
static inline __attribute__((always_inline)) float squared_exp(float x)
{
    float y = x < 16.0f ? x * 0.03125f : 0.5f;
    float e = 1.0f - y * phi(-y);
    e = e * e, e = e * e, e = e * e, e = e * e;
    return e * e;
}

static void deliver(Network *net, int32_t line, float part)
{
    const int64_t n = net->n, sign = net->sign[line] < 0;
    const uint8_t *w = net->weights + line * n;
    float amount = 1.0f;
    if (net->utilization) {
        double at = (double)net->step + (double)part;
        float x = (float)(at - net->last[line]) / net->recovery[line];
        float e = squared_exp(x);
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
    const float *pm, *ek, *ke, *ki, *pe, *pi, *e, *th, *vr, *t_ref, *hm, *he, *hi, *ae, *ai, *u, *iu, *c3, *se, *si, *hu;
    float *v, *ie, *ii, *rem, *old;
} Lif;

static Lif lif_of(const Network *net)
{
    const float *p = net->parameters;
    const int64_t n = net->n;
    float *s = net->state;
    return (Lif){p, p + n, p + 2 * n, p + 3 * n, p + 4 * n, p + 5 * n, p + 6 * n, p + 7 * n, p + 8 * n, p + 9 * n,
                 p + 10 * n, p + 11 * n, p + 12 * n, p + 13 * n, p + 14 * n, p + 15 * n, p + 16 * n, p + 17 * n, p + 18 * n,
                 p + 19 * n, p + 20 * n, s, s + n, s + 2 * n, s + 3 * n, s + 4 * n};
}

static inline __attribute__((always_inline)) int32_t lif_block(
    int saturates, int64_t size, float *restrict v, float *restrict ie, float *restrict ii, float *restrict rem,
    float *restrict old, int32_t *restrict flag, const float *restrict pm, const float *restrict ek, const float *restrict ke,
    const float *restrict ki, const float *restrict pe, const float *restrict pi, const float *restrict th,
    const float *restrict vr, const float *restrict e, const float *restrict hm, const float *restrict ae,
    const float *restrict ai, const float *restrict hu, const float *restrict iu, const float *restrict c3)
{
    int32_t any = 0;
    for (int64_t j = 0; j < size; j++) {
        float v0 = v[j], left = rem[j], v1;
        if (saturates) {
            float t = ratio_tanh((e[j] - v0) * iu[j]);
            float z = hm[j] * (t * t - 1.0f);
            float f = hu[j] * t + (ae[j] * ie[j] - ai[j] * ii[j]);
            v1 = v0 + f * (1.0f + z * (0.5f + z * (1.6666667e-1f + z * 4.1666667e-2f) + t * (f * c3[j])));
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
        c.th + b, c.vr + b, c.e + b, c.hm + b, c.ae + b, c.ai + b, c.hu + b, c.iu + b, c.c3 + b
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

/* ------------------------------------------------------------------------------------------------------------------ Adex */

/* natural logarithm of a positive normal number: its exponent, and the series of the inverse tanh for the rest */
static inline __attribute__((always_inline)) float series_log(float x)
{
    union {
        float f;
        uint32_t u;
    } bits = {x};
    int32_t e = (int32_t)(bits.u - 0x3f3504f3u) >> 23;
    bits.u -= (uint32_t)e << 23;
    float s = (bits.f - 1.0f) / (bits.f + 1.0f), z = s * s;
    float p = 2.0f + z * (0.66666667f + z * (0.4f + z * (0.28571429f + z * (0.22222222f + z * 0.18181818f))));
    return (float)e * 0.69314718f + s * p;
}

/* (1 - exp(-x)) / x for |x| <= 1.2 */
static inline __attribute__((always_inline)) float wide_phi(float x)
{
    float p = 1.9841270e-4f - x * 2.4801587e-5f;
    p = 1.6666667e-1f - x * (4.1666667e-2f - x * (8.3333333e-3f - x * (1.3888889e-3f - x * p)));
    return 1.0f - x * (0.5f - x * p);
}

enum { GL, EL, VT, DELTA, I, KC, A, KW, EW, UP, HDC, HGC, VR, UR, B, T_REF };

/* u = exp(-(v - v_t) / delta_t) obeys a linear equation if all but the exponential current, r, is held at its middle */
static inline __attribute__((always_inline)) int32_t adex_block(
    int64_t size, float *restrict u, float *restrict v, float *restrict w, float *restrict rem, float *restrict uo,
    float *restrict vo, float *restrict wo, int32_t *restrict flag, const float *restrict gl, const float *restrict el,
    const float *restrict vt, const float *restrict delta, const float *restrict current, const float *restrict kc,
    const float *restrict a, const float *restrict kw, const float *restrict ew, const float *restrict up,
    const float *restrict hdc, const float *restrict hgc)
{
    int32_t any = 0;
    for (int64_t j = 0; j < size; j++) {
        float u0 = u[j], v0 = v[j], w0 = w[j], left = rem[j], hold = left > 0.0f ? 1.0f : 0.0f, fr = 1.0f - hold;
        float r0 = current[j] - w0 - gl[j] * (v0 - el[j]);
        float dv = (gl[j] * delta[j] / u0 + r0) * kc[j] * 0.5f * fr;
        dv = dv < delta[j] ? dv : delta[j];
        float dw = (a[j] * (v0 - el[j]) - w0) * kw[j] * 0.5f;
        float z = (r0 - gl[j] * dv - dw) * hdc[j], f = wide_phi(z);
        float u1 = u0 * (1.0f - z * f) - hgc[j] * f;
        int32_t held = -(int32_t)(left > 0.0f), freed = -(int32_t)(left < 1.0f), fires = -(int32_t)(u1 <= up[j]);
        int32_t here = (held & freed) | (~held & fires);
        flag[j] = here;
        any |= here;
        float us = u1 > up[j] ? u1 : up[j];
        us = hold * u0 + fr * us;
        float goal = a[j] * (v0 + dv - el[j]);
        uo[j] = u0, vo[j] = v0, wo[j] = w0;
        u[j] = us;
        v[j] = vt[j] - delta[j] * series_log(us);
        w[j] = goal + (w0 - goal) * ew[j];
        rem[j] = left - 1.0f;
    }
    return any;
}

/* exp(-x) for a part x of a step in time constants of w */
static inline float decay(float x) { return 1.0f - x * (1.0f - x * 0.5f); }

static void adex_inside(Network *net, const float *const *c, float *const *s, int64_t j)
{
    float *u = s[0], *v = s[1], *w = s[2], *rem = s[3];
    float left = rem[j] + 1.0f, from = 0.0f, h = 1.0f, u0 = s[4][j], v0 = s[5][j], w0 = s[6][j];
    if (left > 0.0f) {
        from = left, h = 1.0f - left, u0 = c[UR][j], v0 = c[VR][j];
        float goal = c[A][j] * (v0 - c[EL][j]);
        w0 = goal + (w0 - goal) * decay(left * c[KW][j]);
    }
    float r0 = c[I][j] - w0 - c[GL][j] * (v0 - c[EL][j]);
    float dv = (c[GL][j] * c[DELTA][j] / u0 + r0) * c[KC][j] * h * 0.5f;
    dv = dv < c[DELTA][j] ? dv : c[DELTA][j];
    float r = r0 - c[GL][j] * dv - (c[A][j] * (v0 - c[EL][j]) - w0) * c[KW][j] * h * 0.5f;
    float z = r * c[HDC][j] * h, f = wide_phi(z);
    float u1 = u0 * (1.0f - z * f) - c[HGC][j] * h * f;
    float goal = c[A][j] * (v0 + dv - c[EL][j]);
    if (u1 > c[UP][j]) {
        u[j] = u1;
        v[j] = c[VT][j] - c[DELTA][j] * series_log(u1);
        w[j] = goal + (w0 - goal) * decay(h * c[KW][j]);
        return;
    }
    /* when u has fallen to its value at v_peak, in closed form */
    float y = r * (u0 - c[UP][j]) / (r * c[UP][j] + c[GL][j] * c[DELTA][j]);
    float l = y > -1e-2f && y < 1e-2f ? y * (1.0f - y * (0.5f - y * (0.33333333f - y * 0.25f))) : series_log(1.0f + y);
    float x = l / (r * c[HDC][j]);
    if (!(x >= 0.0f))
        x = 0.0f;
    if (x > h)
        x = h;
    float part = from + x, rest = 1.0f - part;
    w0 = goal + (w0 - goal) * decay(x * c[KW][j]) + c[B][j];
    goal = c[A][j] * (c[VR][j] - c[EL][j]);
    w[j] = goal + (w0 - goal) * decay(rest * c[KW][j]);
    u[j] = c[UR][j];
    v[j] = c[VR][j];
    rem[j] = c[T_REF][j] - rest;
    fire(net, j, part);
}

void network_adex(Network *net)
{
    const int64_t n = net->n;
    const float *c[T_REF + 1];
    float *s[7];
    for (int k = 0; k <= T_REF; k++)
        c[k] = net->parameters + k * n;
    /* v is first in the state, for all kinds of neurons */
    static const int order[7] = {1, 0, 2, 3, 4, 5, 6};
    for (int k = 0; k < 7; k++)
        s[k] = net->state + order[k] * n;
    for (; net->step < net->stop && net->spikes + n <= net->most_spikes; net->step++) {
        for (int64_t b = 0; b < n; b += BLOCK) {
            int64_t end = b + BLOCK < n ? b + BLOCK : n;
            int32_t any = adex_block(end - b, s[0] + b, s[1] + b, s[2] + b, s[3] + b, s[4] + b, s[5] + b, s[6] + b,
                                     net->flag + b, c[GL] + b, c[EL] + b, c[VT] + b, c[DELTA] + b, c[I] + b, c[KC] + b, c[A] + b,
                                     c[KW] + b, c[EW] + b, c[UP] + b, c[HDC] + b, c[HGC] + b);
            if (any)
                for (int64_t j = b; j < end; j++)
                    if (net->flag[j])
                        adex_inside(net, c, s, j);
        }
        watch(net, net->state);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ chip */

enum {
    E_LEAK, IU_LEAK, K_LEAK, E_RESET, IU_RESET, K_RESET, V_TH, I_WIDTH, DELAY, K_CONSTANT,
    P_EXC, A_EXC, H_EXC, K_EXC, O_EXC, IV_EXC, COBA_EXC, R_EXC, IC_EXC,
    P_INH, A_INH, H_INH, K_INH, O_INH, IV_INH, COBA_INH, R_INH, IC_INH,
    K_EXP, L_EXP, IS_EXP, PAUSE, K_OUT, W_REF, IU_W, V_A, G_A, G_B, H_W, N_RESET, N_REFRACTORY, N_PULSE, S_EXC, S_INH, CHIP
};
enum { V, EXC, INH, W, X, RESET_LEFT, REFRACTORY_LEFT, PULSE_LEFT, ROWS };
enum { USES_EXC = 1, USES_INH = 2, USES_EXP = 4, USES_W = 8 };

static const float MOST_SLOPE = 0.25f, MOST_BEND = 1e-4f; /* of a step: more is cut into halves; the second in V */

/* a synaptic input's current and slope; `q` is its first parameter */
static inline __attribute__((always_inline)) void chip_input(
    int64_t size, const float *const *p, int64_t b, int q, const float *restrict line, const float *restrict v, float h, int whole,
    float *restrict current, float *restrict slope)
{
    const float *average = p[q + 1] + b, *rate = p[q + 2] + b, *k = p[q + 3] + b, *offset = p[q + 4] + b, *iv = p[q + 5] + b;
    const float *coba = p[q + 6] + b, *reversal = p[q + 7] + b, *ic = p[q + 8] + b;
    for (int64_t j = 0; j < size; j++) {
        float a = whole ? average[j] : phi(-(h * rate[j]));
        float drive = k[j] * ratio_tanh((line[j] * a + offset[j]) * iv[j]);
        float away = ratio_tanh((reversal[j] - v[j]) * ic[j]);
        current[j] += drive * (1.0f - coba[j] + coba[j] * away);
        slope[j] -= drive * coba[j] * ic[j] * (1.0f - away * away);
    }
}

/* `size` neurons from number b on, `h` of a step later, with nothing happening in between; true in `rough`: h is too long */
static inline __attribute__((always_inline)) void chip_solve(
    int64_t size, int uses, const float *const *p, int64_t b, float s[ROWS][BLOCK], float h, int whole, float n[4][BLOCK],
    int32_t *restrict rough)
{
    float current[BLOCK], slope[BLOCK], bend[BLOCK];
    for (int64_t j = 0; j < size; j++) {
        float m = s[RESET_LEFT][j] > 0.0f ? 1.0f : 0.0f, o = 1.0f - m;
        float iu = o * p[IU_LEAK][b + j] + m * p[IU_RESET][b + j];
        float t = ratio_tanh((o * p[E_LEAK][b + j] + m * p[E_RESET][b + j] - s[V][j]) * iu);
        float k = o * p[K_LEAK][b + j] + m * p[K_RESET][b + j];
        current[j] = k * t + p[K_CONSTANT][b + j];
        slope[j] = k * iu * (t * t - 1.0f);
        bend[j] = 2.0f * t * iu * slope[j];
    }
    if (uses & USES_EXC)
        chip_input(size, p, b, P_EXC, s[EXC], s[V], h, whole, current, slope);
    if (uses & USES_INH)
        chip_input(size, p, b, P_INH, s[INH], s[V], h, whole, current, slope);
    if (uses & USES_EXP)
        for (int64_t j = 0; j < size; j++) {
            float open = 1.0f - p[PAUSE][b + j] * (s[REFRACTORY_LEFT][j] > 0.0f ? 1.0f : 0.0f);
            float drive = p[L_EXP][b + j] + s[V][j] * p[IS_EXP][b + j];
            float e = squared_exp(drive < 0.0f ? -drive : drive), part = (drive < 0.0f ? e : 1.0f) / (1.0f + e);
            float i = open * p[K_EXP][b + j] * part, di = i * (1.0f - part) * p[IS_EXP][b + j];
            current[j] += i;
            slope[j] += di;
            bend[j] += di * (1.0f - 2.0f * part) * p[IS_EXP][b + j];
        }
    if (uses & USES_W)
        for (int64_t j = 0; j < size; j++) {
            float pulse = s[PULSE_LEFT][j] > 0.0f ? 1.0f : 0.0f, x = 0.5f * h * p[H_W][b + j];
            float goal = p[W_REF][b + j] + p[G_A][b + j] * ratio_tanh((s[V][j] - p[V_A][b + j]) * p[IU_W][b + j]) + p[G_B][b + j] * pulse;
            float half = goal + (s[W][j] - goal) * (1.0f - x * phi(-x));
            current[j] -= p[K_OUT][b + j] * ratio_tanh((half - p[W_REF][b + j]) * p[IU_W][b + j]);
        }
    for (int64_t j = 0; j < size; j++) {
        float z = slope[j] * h, f = current[j] * h, c = bend[j] * h * f * 1.6666667e-1f, d = f * c;
        n[V][j] = s[V][j] + f * (phi(z) + c);
        float az = z < 0.0f ? -z : z, ad = d < 0.0f ? -d : d;
        rough[j] = -(int32_t)(az > MOST_SLOPE) | -(int32_t)(ad > MOST_BEND);
        float xe = -(h * p[H_EXC][b + j]), xi = -(h * p[H_INH][b + j]);
        n[EXC][j] = s[EXC][j] * (whole ? p[P_EXC][b + j] : 1.0f + xe * phi(xe));
        n[INH][j] = s[INH][j] * (whole ? p[P_INH][b + j] : 1.0f + xi * phi(xi));
        n[W][j] = s[W][j];
    }
    if (uses & USES_W)
        for (int64_t j = 0; j < size; j++) {
            float pulse = s[PULSE_LEFT][j] > 0.0f ? 1.0f : 0.0f, x = h * p[H_W][b + j], middle = 0.5f * (s[V][j] + n[V][j]);
            float goal = p[W_REF][b + j] + p[G_A][b + j] * ratio_tanh((middle - p[V_A][b + j]) * p[IU_W][b + j]) + p[G_B][b + j] * pulse;
            n[W][j] = goal + (s[W][j] - goal) * (1.0f - x * phi(-x));
        }
}

static inline float log_cosh(float u)
{
    float a = u < 0.0f ? -u : u;
    return a + series_log(1.0f + squared_exp(2.0f * a)) - 0.69314718f;
}

/* the comparator over a piece in which V moves on a straight line: its output, or -1 and in `q` the part where it fires */
static inline float comparator(float x, float u0, float u1, float h, float delay, float *q)
{
    float d = u1 - u0, after;
    if (d < 1e-3f && d > -1e-3f) {
        after = x + h * ratio_tanh(u1) / delay;
        *q = (1.0f - x) / (after - x);
        if (after >= 1.0f)
            return -1.0f;
        return after > 0.0f ? after : 0.0f;
    }
    float r = h / (d * delay), g0 = log_cosh(u0), g1 = log_cosh(u1), top;
    if (u0 < 0.0f && u1 > 0.0f) {
        x = x - r * g0;
        x = x > 0.0f ? x : 0.0f;
        g0 = 0.0f;
        top = after = x + r * g1;
    } else if (u0 > 0.0f && u1 < 0.0f) {
        top = x - r * g0;
        after = top + r * g1;
    } else {
        top = after = x + r * (g1 - g0);
    }
    if (!(top >= 1.0f))
        return after > 0.0f ? after : 0.0f;
    float g = g0 + (1.0f - x) / r;
    g = g > 0.0f ? g : 0.0f;
    float root = 1.0f - squared_exp(2.0f * g);
    float u = g + series_log(1.0f + __builtin_sqrtf(root > 0.0f ? root : 0.0f));
    *q = (u - u0) / d;
    return -1.0f;
}

/* steps from `here` (in steps) until `count` clocks after the next tick */
static inline float clocks(const Network *net, int64_t j, double here, float count)
{
    double clock = net->clock[j], tick = __builtin_ceil(here * net->dt / clock - 1e-6) * clock;
    return (float)((tick + (double)count * clock) / net->dt - here);
}

/* the step of one neuron in pieces that end at what happens inside it */
static void chip_inside(Network *net, const float *const *p, float *const *state, int64_t j, float v_th)
{
    float s[ROWS][BLOCK], n[4][BLOCK], t = 0.0f;
    int32_t rough;
    const int uses = (int)net->uses;
    for (int k = 0; k < ROWS; k++)
        s[k][0] = state[k][j];
    while (t < 0.999999f) {
        float h = 1.0f - t;
        for (int k = RESET_LEFT; k < ROWS; k++)
            h = s[k][0] > 0.0f && s[k][0] < h ? s[k][0] : h;
        chip_solve(1, uses, p, j, s, h, 0, n, &rough);
        for (int k = 0; k < 6 && rough; k++) {
            h = h * 0.5f;
            chip_solve(1, uses, p, j, s, h, 0, n, &rough);
        }
        float x = 0.0f, q = 0.0f;
        if (!(s[REFRACTORY_LEFT][0] > 0.0f))
            x = comparator(s[X][0], (s[V][0] - v_th) * p[I_WIDTH][j], (n[V][0] - v_th) * p[I_WIDTH][j], h, p[DELAY][j], &q);
        if (x < 0.0f) {
            q = q > 0.0f ? q : 0.0f;
            q = q < 1.0f ? q : 1.0f;
            h = h * q;
            chip_solve(1, uses, p, j, s, h, 0, n, &rough);
        }
        t = t + h;
        for (int k = V; k <= W; k++)
            s[k][0] = n[k][0];
        for (int k = RESET_LEFT; k < ROWS; k++)
            s[k][0] = s[k][0] - h;
        s[X][0] = x;
        if (x < 0.0f) {
            s[X][0] = 0.0f;
            fire(net, j, t);
            double here = (double)net->step + (double)t;
            s[RESET_LEFT][0] = clocks(net, j, here, p[N_RESET][j]);
            s[REFRACTORY_LEFT][0] = clocks(net, j, here, p[N_REFRACTORY][j]);
            s[PULSE_LEFT][0] = clocks(net, j, here, p[N_PULSE][j]);
        }
    }
    for (int k = 0; k < ROWS; k++)
        state[k][j] = s[k][0];
}

void network_chip(Network *net)
{
    const int64_t count = net->n;
    const int uses = (int)net->uses;
    const float *p[CHIP];
    float *state[ROWS];
    for (int k = 0; k < CHIP; k++)
        p[k] = net->parameters + k * count;
    for (int k = 0; k < ROWS; k++)
        state[k] = net->state + k * count;
    float *const line[2] = {state[EXC], state[INH]};
    const float *const scale[2] = {p[S_EXC], p[S_INH]};
    for (; net->step < net->stop && net->spikes + count <= net->most_spikes; net->step++) {
        arrivals(net, line, scale);
        double knots = ((double)net->step + 0.5) * net->dt / net->knot;
        int64_t knot = (int64_t)knots;
        float between = (float)(knots - (double)knot);
        const float *shift0 = net->noise ? net->noise + knot * count : net->zeros;
        const float *shift1 = net->noise ? net->noise + (knot + 1) * count : net->zeros;
        for (int64_t b = 0; b < count; b += BLOCK) {
            int64_t size = b + BLOCK < count ? BLOCK : count - b;
            float s[ROWS][BLOCK], n[4][BLOCK], v_th[BLOCK];
            int32_t flag[BLOCK], any = 0;
            for (int k = 0; k < ROWS; k++)
                memcpy(s[k], state[k] + b, (size_t)size * sizeof(float));
            if (size == BLOCK)
                chip_solve(BLOCK, uses, p, b, s, 1.0f, 1, n, flag);
            else
                chip_solve(size, uses, p, b, s, 1.0f, 1, n, flag);
            for (int64_t j = 0; j < size; j++) {
                v_th[j] = p[V_TH][b + j] + (shift0[b + j] + (shift1[b + j] - shift0[b + j]) * between);
                int32_t refractory = -(int32_t)(s[REFRACTORY_LEFT][j] > 0.0f);
                int32_t over = -(int32_t)(s[X][j] > 0.0f) | -(int32_t)(n[V][j] > v_th[j]);
                int32_t ends = 0;
                for (int k = RESET_LEFT; k < ROWS; k++)
                    ends |= -(int32_t)(s[k][j] > 0.0f) & -(int32_t)(s[k][j] < 1.0f);
                flag[j] |= ends | (~refractory & over);
                any |= flag[j];
            }
            for (int k = V; k <= W; k++)
                if (!any)
                    memcpy(state[k] + b, n[k], (size_t)size * sizeof(float));
                else
                    for (int64_t j = 0; j < size; j++)
                        if (!flag[j])
                            state[k][b + j] = n[k][j];
            for (int k = RESET_LEFT; k < ROWS; k++)
                for (int64_t j = 0; j < size; j++)
                    state[k][b + j] -= flag[j] ? 0.0f : 1.0f;
            if (any)
                for (int64_t j = 0; j < size; j++)
                    if (flag[j])
                        chip_inside(net, p, state, b + j, v_th[j]);
        }
        watch(net, state[V]);
    }
}

int64_t network_size(void) { return sizeof(Network); }
