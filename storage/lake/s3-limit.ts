// So many requests at once, so many waiting: more are refused, so that a slow server fills no memory.

export class TooManyRequests extends Error {
  override name = 'TooManyRequests'
}

/**
 * Runs work, at most `running` at once, in the order of the calls.
 * @throws TooManyRequests, from what is returned, when `waiting` others wait already
 */
export function limitRequests(running: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = []
  let free = running
  return async work => {
    if (free > 0) free -= 1
    else {
      if (queue.length >= waiting) throw new TooManyRequests(`${waiting} requests wait already`)
      await new Promise<void>(resolve => queue.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else free += 1
    }
  }
}
