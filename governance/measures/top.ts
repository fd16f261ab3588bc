// top: the values that stand most often at the pointer, counted with few counters (Misra, Gries: Finding repeated
// elements, 1982, doi:10.1016/0167-6423(82)90012-0), merged as Agarwal and others do (Mergeable summaries, PODS 2012,
// doi:10.1145/2213556.2213562). Its state holds values as they are: only for fields of level internal or lower.

import type { Measure } from './measure.ts'
import { storedText } from './stored-text.ts'

export const MAX_TOP = 100
const COUNTERS_PER_SHOWN = 10
/** Longer texts count as their beginning. */
const MAX_TEXT_LENGTH = 100

/** `counts` by value, as `storedText` writes it; `size`: how many; `missed`: by how much each may be too low. */
type TopState = { counts: { [text: string]: number }; size: number; missed: number }

/**
 * State: at most 10 n counters (1,000), each of a value of at most 100 characters. Shown: at most n of
 * `{ value, count, missed }`, most frequent first; the true count is `count` to `count + missed`, and `missed` is at
 * most N ÷ (10 n + 1) of N values: 0, so exact, while there are no more different values than counters.
 * @param n 1 to MAX_TOP
 */
export function top(n: number): Measure<TopState> {
  const counters = COUNTERS_PER_SHOWN * n
  return {
    empty: () => ({ counts: {}, size: 0, missed: 0 }),
    add(state, value) {
      const text = storedText(value)
      if (text === undefined) return state
      const added = addCount(state, beginning(text), 1)
      return added.size > counters ? lessen(added, 1) : added
    },
    merge(a, b) {
      for (const text in b.counts) addCount(a, text, b.counts[text]!)
      a.missed += b.missed
      // By the first count that has no counter: so that no more than `counters` are above it.
      return a.size > counters ? lessen(a, ranked(a)[counters]![1]) : a
    },
    finish: state =>
      ranked(state)
        .slice(0, n)
        .map(([text, count]) => ({ value: toValue(text), count, missed: state.missed })),
  }
}

function addCount(state: TopState, text: string, count: number): TopState {
  const before = state.counts[text]
  state.counts[text] = (before ?? 0) + count
  if (before === undefined) state.size++
  return state
}

/** All counters lower by `amount`; those left with nothing are gone. */
function lessen({ counts, missed }: TopState, amount: number): TopState {
  const left = Object.entries(counts).filter(([, count]) => count > amount)
  return {
    counts: Object.fromEntries(left.map(([text, count]) => [text, count - amount])),
    size: left.length,
    missed: missed + amount,
  }
}

function ranked({ counts }: TopState): [text: string, count: number][] {
  return Object.entries(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}

/** Never half a character. */
function beginning(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : text.slice(0, MAX_TEXT_LENGTH).toWellFormed()
}

function toValue(text: string): string | number | boolean {
  return text.startsWith('s:') ? text.slice(2) : JSON.parse(text.slice(2))
}
