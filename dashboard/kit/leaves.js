// The values of an event, wherever they stand in it.

/** By pointer, in order. */
export function leavesOf(event, at = '') {
  if (event === null || typeof event !== 'object') return [[at, event]]
  return Object.entries(event).flatMap(([name, value]) => leavesOf(value, `${at}/${name}`))
}
