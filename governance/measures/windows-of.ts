// The windows of time that an instant lies in. They begin at whole multiples of their step since 1970 in UTC, for
// everyone alike; leap seconds do not count. Sessions have no fixed windows: see sessions.ts.

/** All in ms, whole and more than 0. */
export type FixedWindow = { tumbling: number } | { hopping: { sizeMs: number; everyMs: number } }
export type WindowSpec = FixedWindow | { session: { gapMs: number } }

/** Windows that one event may count in; hopping windows must not overlap more. */
export const MAX_WINDOWS_OF_EVENT = 100

/**
 * The starts of the windows an instant lies in, ascending: one if they tumble; if they hop, about size ÷ step, none
 * where a step is longer than a window and the instant falls between. A window holds its start, not its end.
 * @param timeMs since 1970, also before
 */
export function windowsOf(window: FixedWindow, timeMs: number): number[] {
  const { sizeMs, everyMs } = hops(window)
  const last = startOf(timeMs, everyMs)
  const starts: number[] = []
  for (let start = startOf(timeMs - sizeMs, everyMs) + everyMs; start <= last; start += everyMs) starts.push(start)
  return starts
}

/** The first instant after a window, in ms. */
export function endOf(window: FixedWindow, startMs: number): number {
  return startMs + hops(window).sizeMs
}

/** How long after a window the next one begins. */
export function stepOf(window: FixedWindow): number {
  return hops(window).everyMs
}

function hops(window: FixedWindow): { sizeMs: number; everyMs: number } {
  return 'tumbling' in window ? { sizeMs: window.tumbling, everyMs: window.tumbling } : window.hopping
}

/** The greatest multiple of the step that is no later. */
function startOf(timeMs: number, everyMs: number): number {
  return Math.floor(timeMs / everyMs) * everyMs
}
