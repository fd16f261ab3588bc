// An error, as it may be logged.

const FRAMES = 8

/**
 * Messages of errors that are not ours may quote what they were given: of those, only name, code and stack frames.
 * @param mayTell whether an error's message is one of ours
 */
export function loggable(error: Error, mayTell: (error: Error) => boolean = () => false): object {
  const frames = error.stack
    ?.replace(error.message, '')
    .split('\n')
    .filter(line => /^\s+at /.test(line))
    .slice(0, FRAMES)
  const known = mayTell(error) ? { message: error.message } : {}
  const cause = error.cause instanceof Error ? { cause: loggable(error.cause, mayTell) } : {}
  return { name: error.name, code: (error as NodeJS.ErrnoException).code, ...known, frames, ...cause }
}
