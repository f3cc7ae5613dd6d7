/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event loop of luisim/lui/events.py and the step of luisim/lui/neuron.py, in C for networks that Python would be too slow
 * for. Those two files are the reference: same order of operations, same names, and a test asks for the same bits. Compile
 * without contraction to fused multiply-adds (-ffp-contract=off), or the last bits differ.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* shared with luisim/kernels/lui.py and checked there */
enum { CORNERS = 11, LAMPS = 6, INPUTS = 3, COLUMNS = 10, MOST_GUARDS = 20 };

static const double TOLERANCE = 1e-9;
static const double RAIL_DROP = 1.7e-3, RAIL_RESISTANCE = 38.0;
static const double SYNAPSE_ON_N = 6.0, DISCHARGED = 1.1e-3, LEAST_CONDUCTANCE = 1e-6, TAPS_OF_OFFSET = 3.2;
static const double LAMP_HYSTERESIS = 0.5e-3, C_STAIR = 0.1, NO_DERATING = 1e3;
static const int PATIENCE = 50;

typedef struct {
    double vdd, half, leak, leak_limit, threshold, threshold_low, one_shot_end, output_high, output_low, synapse_on_p, tap;
    double lamps_up[LAMPS];
    double corners, reset_v[CORNERS], reset_i[CORNERS];
} Rails;

typedef struct {
    double g_leak, g_syn, weight[INPUTS], sign[INPUTS], off_to_vdd, off, rate_ref, offset, c_syn, c_mem, c_mem_half;
    double r_push, r_pull, k_push, k_pull, bias, droops, rails;
} Board;

typedef struct {
    double v_mem, u, v_ref;
    int above, output, lamps;
} State;

typedef struct {
    double duration, rate_v, rate_u, v_inf, v_fast, v_slow, s_inf, s_slow, v_out;
    State end;
} Piece;

enum Event { NOTHING, SPIKE, BELOW, LAMP_ON, LAMP_OFF, OUTPUT_FALLS };

typedef struct {
    enum Event event;
    double sign, level, gain;
} Guard;

/* ------------------------------------------------------------------------------------------------ luisim/lui/crossing.py */

static double root(double c, double a, double p, double b, double q, double t0, double f0, double t1, double f1)
{
    if (b == 0.0) {
        if (!(a * c < 0.0))
            return t1;
        double t = log(-a / c) / p;
        t = t > t0 ? t : t0;
        return t < t1 ? t : t1;
    }
    double t = t0 + (t1 - t0) * f0 / (f0 - f1);
    for (int n = 0; n < 100; n++) {
        double ea = a * exp(-p * t), eb = b * exp(-q * t);
        double f = c + ea + eb;
        if (f >= 0.0)
            t0 = t;
        else
            t1 = t;
        if (fabs(f) < 1e-13 || t1 - t0 <= 1e-15 * t1)
            break;
        double slope = -p * ea - q * eb;
        t = slope != 0.0 ? t - f / slope : t0;
        if (!(t0 < t && t < t1))
            t = 0.5 * (t0 + t1);
    }
    return t;
}

static double extremum(double a, double p, double b, double q)
{
    if (a == 0.0 || b == 0.0 || p == q)
        return INFINITY;
    double ratio = -(a * p) / (b * q);
    if (ratio <= 0.0 || !isfinite(ratio))
        return INFINITY;
    return log(ratio) / (p - q);
}

static double first_crossing(double c, double a, double p, double b, double q, double limit)
{
    c += TOLERANCE;
    double start = c + a + b, slope = -a * p - b * q;
    if (start < 0.0) {
        if (slope <= 0.0)
            return 0.0;
        c -= start;
        start = 0.0;
    }
    if (c + (a < 0.0 ? a : 0.0) + (b < 0.0 ? b : 0.0) >= 0.0)
        return INFINITY;
    double turn = extremum(a, p, b, q);
    if (0.0 < turn && turn < limit) {
        double middle = c + a * exp(-p * turn) + b * exp(-q * turn);
        if (middle < 0.0)
            return root(c, a, p, b, q, 0.0, start, turn, middle);
        double end = c + a * exp(-p * limit) + b * exp(-q * limit);
        return end < 0.0 ? root(c, a, p, b, q, turn, middle, limit, end) : INFINITY;
    }
    double end = c + a * exp(-p * limit) + b * exp(-q * limit);
    return end < 0.0 ? root(c, a, p, b, q, 0.0, start, limit, end) : INFINITY;
}

/* -------------------------------------------------------------------------------------------------- luisim/lui/neuron.py */

static const Rails *rails_at(const Board *board, const Rails *tables, const State *state)
{
    const Rails *mine = tables + (long)board->rails;
    return board->droops != 0.0 ? mine + 2 * state->lamps + state->output : mine;
}

typedef struct {
    double rate, u_inf, constant, gain;
    int edges;
    double sign[2], level[2];
} Integrator;

static Integrator integrator(const Board *board, const State *state, const Rails *here, const int *inputs)
{
    Integrator found;
    double g = board->off, to_rails = board->off_to_vdd * here->vdd;
    for (int n = 0; n < INPUTS; n++) {
        if (inputs[n] && board->sign[n] > 0.0) {
            double g_i = 1.0 / (board->weight[n] + here->synapse_on_p);
            g = g + g_i;
            to_rails = to_rails + g_i * here->vdd;
        } else if (inputs[n]) {
            g += 1.0 / (board->weight[n] + SYNAPSE_ON_N);
        }
    }
    double i_in = to_rails - g * here->half;
    double low = RAIL_DROP + RAIL_RESISTANCE * (i_in > 0.0 ? i_in : 0.0) - here->half;
    double high = here->vdd - RAIL_DROP + RAIL_RESISTANCE * (i_in < 0.0 ? i_in : 0.0) - here->half;
    double c = board->c_syn, g_syn = board->g_syn, u = state->u;
    int at_low = u < low - TOLERANCE || (u <= low + TOLERANCE && -i_in - low * g_syn < 0.0);
    int at_high = u > high + TOLERANCE || (u >= high - TOLERANCE && -i_in - high * g_syn > 0.0);
    if (!(at_low || at_high)) {
        found.edges = 2;
        found.sign[0] = 1.0, found.level[0] = low;
        found.sign[1] = -1.0, found.level[1] = high;
        found.rate = g_syn / c, found.u_inf = -i_in / g_syn, found.constant = here->half, found.gain = 1.0;
        return found;
    }
    int against = at_low ? i_in > 0.0 : i_in < 0.0;
    double r = against ? RAIL_RESISTANCE : 0.0;
    double rail = at_low ? RAIL_DROP : here->vdd - RAIL_DROP;
    found.constant = (rail + r * to_rails) / (1.0 + r * g);
    found.gain = r * g / (1.0 + r * g);
    double through = to_rails - g * found.constant;
    found.rate = (g * (1.0 - found.gain) + g_syn) / c;
    found.u_inf = -through / c / found.rate;
    found.edges = 1;
    found.sign[0] = at_low ? -1.0 : 1.0;
    found.level[0] = at_low ? low : high;
    return found;
}

static int guard(Guard *guards, int count, enum Event event, double sign, double level, double gain)
{
    guards[count] = (Guard){event, sign, level, gain};
    return count + 1;
}

static int membrane(const Board *board, const State *state, const Rails *here, double drive, double v_syn, double *conductance,
                    double *current, double *per_v_syn, Guard *guards)
{
    double v = state->v_mem, g = board->bias / here->tap, slope = 0.0;
    double i = board->offset + drive + board->bias * TAPS_OF_OFFSET;
    int count = 0;

    double reach = here->leak_limit / board->g_leak;
    if (v < here->leak - reach) {
        i += here->leak_limit;
        count = guard(guards, count, NOTHING, -1.0, here->leak - reach, 0.0);
    } else if (v > here->leak + reach) {
        i -= here->leak_limit;
        count = guard(guards, count, NOTHING, 1.0, here->leak + reach, 0.0);
    } else {
        i = i + board->g_leak * here->leak;
        g = g + board->g_leak;
        if (here->leak - reach > 0.0)
            count = guard(guards, count, NOTHING, 1.0, here->leak - reach, 0.0);
        if (here->leak + reach < here->vdd)
            count = guard(guards, count, NOTHING, -1.0, here->leak + reach, 0.0);
    }

    double k = board->k_pull;
    if (v > k * v_syn) {
        slope -= k / board->r_pull;
        count = guard(guards, count, NOTHING, 1.0, 0.0, k);
    } else {
        g += 1.0 / board->r_pull;
        count = guard(guards, count, NOTHING, -1.0, 0.0, k);
    }
    k = board->k_push;
    double ceiling = here->vdd * (1.0 - k);
    if (v < ceiling + k * v_syn) {
        i = i + k * here->vdd / board->r_push;
        slope = slope - k / board->r_push;
        count = guard(guards, count, NOTHING, -1.0, ceiling, k);
    } else {
        i = i + here->vdd / board->r_push;
        g = g + 1.0 / board->r_push;
        count = guard(guards, count, NOTHING, 1.0, ceiling, k);
    }

    if (state->output) {
        int corners = (int)here->corners, corner = 0;
        while (corner < corners && here->reset_v[corner] <= v)
            corner++;
        corner = corner > 1 ? corner - 1 : 0;
        double v0 = here->reset_v[corner], i0 = here->reset_i[corner];
        if (corner + 1 < corners) {
            double v1 = here->reset_v[corner + 1], i1 = here->reset_i[corner + 1];
            double steep = (i1 - i0) / (v1 - v0);
            g = g + steep;
            i = i - i0 + steep * v0;
            count = guard(guards, count, NOTHING, -1.0, v1, 0.0);
        } else {
            i -= i0;
        }
        if (corner > 0)
            count = guard(guards, count, NOTHING, 1.0, v0, 0.0);
    }

    if (state->above)
        count = guard(guards, count, BELOW, 1.0, here->threshold_low, 0.0);
    else
        count = guard(guards, count, SPIKE, -1.0, here->threshold, 0.0);
    if (board->droops != 0.0 && state->lamps < LAMPS)
        count = guard(guards, count, LAMP_ON, -1.0, here->lamps_up[state->lamps], 0.0);
    if (board->droops != 0.0 && state->lamps > 0)
        count = guard(guards, count, LAMP_OFF, 1.0, here->lamps_up[state->lamps - 1] - LAMP_HYSTERESIS, 0.0);
    *conductance = g > LEAST_CONDUCTANCE ? g : LEAST_CONDUCTANCE;
    *current = i;
    *per_v_syn = slope;
    return count;
}

static double capacitance(const Board *board, double v_mem, Guard *guards, int *count)
{
    double c = board->c_mem, half = board->c_mem_half;
    if (half >= NO_DERATING)
        return c;
    double stair = floor(v_mem / C_STAIR), low = stair * C_STAIR, high = (stair + 1) * C_STAIR;
    *count = guard(guards, *count, NOTHING, 1.0, low, 0.0);
    *count = guard(guards, *count, NOTHING, -1.0, high, 0.0);
    return c * half * (atan(high / half) - atan(low / half)) / C_STAIR;
}

static void after(State *state, enum Event event)
{
    switch (event) {
    case SPIKE: state->above = 1, state->output = 1, state->v_ref = DISCHARGED; break;
    case BELOW: state->above = 0; break;
    case OUTPUT_FALLS: state->output = 0; break;
    case LAMP_ON: state->lamps++; break;
    case LAMP_OFF: state->lamps--; break;
    case NOTHING: break;
    }
}

static Piece step(const Board *board, const Rails *tables, const State *state, const int *inputs, double drive, double limit)
{
    const Rails *here = rails_at(board, tables, state);
    Integrator syn = integrator(board, state, here, inputs);
    Piece piece;
    Guard guards[MOST_GUARDS];
    double rate_u = syn.rate, slow = state->u - syn.u_inf, conductance, current, per_v_syn;
    double s_inf = syn.constant + syn.gain * syn.u_inf, s_slow = syn.gain * slow;
    int count = membrane(board, state, here, drive, syn.constant + syn.gain * state->u, &conductance, &current, &per_v_syn, guards);
    double c_mem = capacitance(board, state->v_mem, guards, &count);

    double rate_v = conductance / c_mem;
    if (fabs(rate_v - rate_u) < 1e-7 * rate_u)
        rate_v *= 1.0 + 1e-6;
    double v_inf = (current + per_v_syn * s_inf) / conductance;
    double v_slow = per_v_syn * s_slow / c_mem / (rate_v - rate_u);
    double v_fast = state->v_mem - v_inf - v_slow;

    double duration = limit, when;
    enum Event event = NOTHING;
    for (int n = 0; n < count; n++) {
        const Guard *one = guards + n;
        double c = one->sign * (v_inf - one->level - one->gain * s_inf), a = one->sign * v_fast;
        double b = one->sign * (v_slow - one->gain * s_slow);
        int behind = one->event != NOTHING && c + a + b < -TOLERANCE;
        when = behind ? 0.0 : first_crossing(c, a, rate_v, b, rate_u, duration);
        if (when < duration)
            duration = when, event = one->event;
    }
    for (int n = 0; n < syn.edges; n++) {
        when = first_crossing(syn.sign[n] * (syn.u_inf - syn.level[n]), syn.sign[n] * slow, rate_u, 0.0, rate_u, duration);
        if (when < duration)
            duration = when, event = NOTHING;
    }
    if (!state->above && state->output) {
        when = 0.0;
        if (state->v_ref < here->one_shot_end)
            when = log((here->vdd - state->v_ref) / (here->vdd - here->one_shot_end)) / board->rate_ref;
        if (when < duration)
            duration = when, event = OUTPUT_FALLS;
    }

    double e_v = exp(-rate_v * duration), e_u = exp(-rate_u * duration);
    piece.end = *state;
    piece.end.v_mem = v_inf + v_fast * e_v + v_slow * e_u;
    piece.end.u = syn.u_inf + slow * e_u;
    piece.end.v_ref = DISCHARGED;
    if (!state->above)
        piece.end.v_ref = here->vdd + (state->v_ref - here->vdd) * exp(-board->rate_ref * duration);
    after(&piece.end, event);
    piece.duration = duration, piece.rate_v = rate_v, piece.rate_u = rate_u;
    piece.v_inf = v_inf, piece.v_fast = v_fast, piece.v_slow = v_slow, piece.s_inf = s_inf, piece.s_slow = s_slow;
    piece.v_out = state->output ? here->output_high : here->output_low;
    return piece;
}

/* -------------------------------------------------------------------------------------------------- luisim/lui/events.py */

typedef struct {
    double *data;
    long size, room;
} Table;

static int append(Table *table, const double *values, int count)
{
    if (table->size + count > table->room) {
        long room = table->room ? 2 * table->room : 1024;
        double *data = realloc(table->data, (size_t)room * sizeof *data);
        if (data == NULL)
            return 0;
        table->data = data, table->room = room;
    }
    memcpy(table->data + table->size, values, (size_t)count * sizeof *values);
    table->size += count;
    return 1;
}

typedef struct {
    State state;
    Piece piece;
    double now, due, current;
    int external[INPUTS], wired[INPUTS];
    long change, last_change;
    int keep, standing;
} Runner;

typedef struct {
    int n;
    const Board *boards;
    const Rails *rails;
    const double *changes; /* rows: time, input 1, input 2, input 3, current */
    const long *wires_from; /* n + 1: where the wires of each board begin */
    const long *wires;      /* rows: target, input from 0 */
    double duration;
    Runner *runners;
    int *heap, *place;
    Table pieces, spikes;
} Run;

static int earlier(const Run *run, int a, int b)
{
    double da = run->runners[a].due, db = run->runners[b].due;
    return da < db || (da == db && a < b);
}

static void put(Run *run, int at, int board)
{
    run->heap[at] = board;
    run->place[board] = at;
}

static void settle(Run *run, int board)
{
    int at = run->place[board];
    while (at > 0 && earlier(run, board, run->heap[(at - 1) / 2])) {
        put(run, at, run->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        int child = 2 * at + 1;
        if (child >= run->n)
            break;
        if (child + 1 < run->n && earlier(run, run->heap[child + 1], run->heap[child]))
            child++;
        if (!earlier(run, run->heap[child], board))
            break;
        put(run, at, run->heap[child]);
        at = child;
    }
    put(run, at, board);
}

static void inputs_of(const Runner *runner, int *inputs)
{
    for (int n = 0; n < INPUTS; n++)
        inputs[n] = runner->external[n] || runner->wired[n];
}

/* take over the external changes up to now, then work out the next piece */
static void restart(Run *run, int index)
{
    Runner *runner = run->runners + index;
    int inputs[INPUTS];
    while (runner->change < runner->last_change && run->changes[5 * runner->change] <= runner->now) {
        const double *row = run->changes + 5 * runner->change++;
        for (int n = 0; n < INPUTS; n++)
            runner->external[n] = row[1 + n] != 0.0;
        runner->current = row[4];
    }
    double limit = run->duration;
    if (runner->change < runner->last_change && run->changes[5 * runner->change] < limit)
        limit = run->changes[5 * runner->change];
    inputs_of(runner, inputs);
    runner->piece = step(run->boards + index, run->rails, &runner->state, inputs, runner->current, limit - runner->now);
    runner->due = runner->piece.duration >= limit - runner->now ? limit : runner->now + runner->piece.duration;
    settle(run, index);
}

/* the piece is over at `when`: record it and go to its end; 0 if there is no memory, -1 if time stands still */
static int commit(Run *run, int index, const Piece *piece, double when)
{
    Runner *runner = run->runners + index;
    if (runner->keep) {
        double row[COLUMNS] = {index,         runner->now,   piece->rate_v, piece->rate_u, piece->v_inf,
                               piece->v_fast, piece->v_slow, piece->s_inf,  piece->s_slow, piece->v_out};
        if (!append(&run->pieces, row, COLUMNS))
            return 0;
    }
    if (piece->end.output && !runner->state.output) {
        double spike[2] = {index, when};
        if (!append(&run->spikes, spike, 2))
            return 0;
    }
    runner->standing = piece->duration < 1e-12 ? runner->standing + 1 : 0;
    runner->state = piece->end;
    runner->now = when;
    return runner->standing > PATIENCE ? -1 : 1;
}

/* an output has changed: its targets stop where they are and go on with another input */
static int tell(Run *run, int source, double when)
{
    for (long w = run->wires_from[source]; w < run->wires_from[source + 1]; w++) {
        int target = (int)run->wires[2 * w], input = (int)run->wires[2 * w + 1];
        Runner *runner = run->runners + target;
        if (when > runner->now) {
            int inputs[INPUTS];
            inputs_of(runner, inputs);
            Piece piece = step(run->boards + target, run->rails, &runner->state, inputs, runner->current, when - runner->now);
            int done = commit(run, target, &piece, when);
            if (done != 1)
                return done;
        }
        runner->wired[input] = run->runners[source].state.output;
        restart(run, target);
    }
    return 1;
}

static int loop(Run *run)
{
    for (int n = 0; n < run->n; n++)
        put(run, n, n);
    for (int n = 0; n < run->n; n++)
        for (long w = run->wires_from[n]; w < run->wires_from[n + 1]; w++)
            run->runners[run->wires[2 * w]].wired[run->wires[2 * w + 1]] = run->runners[n].state.output;
    for (int n = 0; n < run->n; n++) {
        if (run->runners[n].state.output) {
            double spike[2] = {n, 0.0};
            if (!append(&run->spikes, spike, 2))
                return 0;
        }
        restart(run, n);
    }
    for (;;) {
        int index = run->heap[0], before = run->runners[index].state.output;
        Runner *runner = run->runners + index;
        double when = runner->due;
        Piece piece = runner->piece;
        int done = commit(run, index, &piece, when);
        if (done != 1)
            return done;
        if (when >= run->duration) {
            runner->due = INFINITY;
            settle(run, index);
            if (run->runners[run->heap[0]].due == INFINITY)
                return 1;
            continue;
        }
        restart(run, index);
        if (runner->state.output != before) {
            done = tell(run, index, when);
            if (done != 1)
                return done;
        }
    }
}

/* checked by luisim/kernels/lui.py */
long lui_size_of_board(void) { return sizeof(Board) / sizeof(double); }
long lui_size_of_rails(void) { return sizeof(Rails) / sizeof(double); }

/* Returns 1, or 0 without memory, or -1 where time stands still. `starts`: v_mem, u, v_ref, above, output, lamps a board.
 * `changes_from` (n + 1) says where each board's rows of `changes` begin. The caller frees `pieces` and `spikes`. */
int lui_run(int n, const double *boards, const double *rails, const double *starts, const double *changes,
            const long *changes_from, const long *wires, const long *wires_from, const unsigned char *keep, double duration,
            double **pieces, long *pieces_size, double **spikes, long *spikes_size)
{
    Run run = {.n = n, .boards = (const Board *)boards, .rails = (const Rails *)rails, .changes = changes,
               .wires = wires, .wires_from = wires_from, .duration = duration};
    run.runners = calloc((size_t)n, sizeof *run.runners);
    run.heap = calloc((size_t)n, sizeof *run.heap);
    run.place = calloc((size_t)n, sizeof *run.place);
    int done = 0;
    if (run.runners && run.heap && run.place) {
        for (int i = 0; i < n; i++) {
            Runner *runner = run.runners + i;
            const double *s = starts + 6 * i;
            runner->state = (State){s[0], s[1], s[2], s[3] != 0.0, s[4] != 0.0, (int)s[5]};
            runner->change = changes_from[i];
            runner->last_change = changes_from[i + 1];
            runner->keep = keep[i];
        }
        done = loop(&run);
    }
    free(run.runners);
    free(run.heap);
    free(run.place);
    *pieces = run.pieces.data, *pieces_size = run.pieces.size;
    *spikes = run.spikes.data, *spikes_size = run.spikes.size;
    return done;
}

void lui_free(double *data) { free(data); }
