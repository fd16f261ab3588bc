// Faults that are put into a made-up stream, and what is told of each.

import type { QualityWindow } from '../quality/quality-window.ts'
import { type Fault, silence } from './stream-fixture.ts'

const all = (map: Map<string, { of: number; missing: number }>, pointer: string) => {
  const field = map.get(pointer)!
  map.set(pointer, { ...field, missing: field.of })
}
export const reject = (window: QualityWindow, cause: string, share: number) => {
  const count = Math.round(share * window.volume.received)
  window.volume.rejected += count
  window.volume.accepted -= count
  window.causes.set(cause, count)
}

/** By name: what it does, and how it is told of. */
export const faults: Record<string, { fault: Fault; kind: string; detail: RegExp }> = {
  'a field is dropped': {
    fault: ({ fields }) => all(fields, '/place'),
    kind: 'missing',
    detail: /^\/place lacks a value in 100 % of \d+ events; [\d.]+ % is usual\.$/,
  },
  'a field that is often missing is dropped': {
    fault: ({ fields }) => all(fields, '/note'),
    kind: 'unusual-missing',
    detail: /^\/note lacks a value in 100 % of \d+ events; [\d.]+ % is usual\.$/,
  },
  'a required field is dropped': {
    fault: window => reject(window, '/amount required', 0.4),
    kind: 'missing',
    detail: /^(40|39)[.\d]* % of \d+ events were rejected because \/amount is missing\.$/,
  },
  'a type is changed': {
    fault: window => reject(window, '/amount type', 0.3),
    kind: 'schema-drift',
    detail: /were rejected by `type` at \/amount/,
  },
  'amounts are ten times as large': {
    fault: ({ numbers }) => {
      const { count, mean, variance } = numbers.get('/amount')!
      numbers.set('/amount', { count, mean: 10 * mean!, variance: 100 * variance! })
    },
    kind: 'unusual-values',
    detail: /^The mean of \/amount was \d+ over \d+ values; [\d.]+ is usual\.$/,
  },
  'the volume doubles': {
    fault: ({ volume }) => {
      volume.received *= 2
      volume.accepted += volume.received / 2
      volume.effective = volume.accepted
    },
    kind: 'unusual-volume',
    detail: /^\d+ events came in a minute; about \d+ are usual then\.$/,
  },
  'nobody sends any more': {
    fault: silence,
    kind: 'silence',
    detail: /^No event came since .*Z; about \d+ a minute are usual then\.$/,
  },
  'a clock is ahead': {
    fault: window => {
      window.ahead = Math.round(0.1 * window.timed)
    },
    kind: 'clock-skew',
    detail: /have a time that is ahead of their reception/,
  },
  'a clock is behind': {
    fault: window => {
      window.delay = { p50: 900_000, p95: 903_000, p99: 910_000 }
    },
    kind: 'unusual-delay',
    detail: /^One in twenty of \d+ events came 903 s or more after its own time; 2\.\d+ s is usual\.$/,
  },
  'e-mail addresses appear in a free text': {
    fault: window => {
      window.suspects = new Map([['/note', new Map([['email', Math.max(1, Math.round(window.sampled / 5))]])]])
    },
    kind: 'personal-data',
    detail: /^Texts at \/note, which are kept as they come, looked like e-mail addresses in [\d.]+ % of the \d+ events/,
  },
  'a rule is broken': {
    fault: window => {
      const { of } = window.consistency.get('not-negative')!
      window.consistency.set('not-negative', { of, broken: Math.round(0.05 * of) })
    },
    kind: 'out-of-range',
    detail: /^The rule not-negative was broken by [\d.]+ % of \d+ events; the policy allows 0\.1 %\.$/,
  },
  'copies come again': {
    fault: ({ volume }) => {
      volume.duplicates += Math.round(volume.effective / 2)
      volume.effective = Math.round(volume.effective / 2)
    },
    kind: 'unusual-duplicates',
    detail: /had come before under the same id/,
  },
  'many are rejected, for whatever reason': {
    fault: window => reject(window, '/amount minimum', 0.2),
    kind: 'unusual-rejections',
    detail: /^(19|2\d)[.\d]* % of \d+ events were rejected; [\d.]+ % is usual\.$/,
  },
}
