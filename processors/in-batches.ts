// Work that costs much however little is asked of it: whoever asks while it is at work is served by its next turn,
// together with everybody else who waits then.

/**
 * @param work one turn at a time, for all that was asked since the last one began
 * @returns asks; gives, or fails with, what the turn that served it did
 */
export function inBatches<Asked, Answer>(work: (asked: Asked[]) => Promise<Answer>): (asked: Asked) => Promise<Answer> {
  let turn: Promise<unknown> = Promise.resolve()
  let next: { asked: Asked[]; answer: Promise<Answer> } | undefined
  return asked => {
    if (next) {
      next.asked.push(asked)
      return next.answer
    }
    const batch: Asked[] = [asked]
    const answer = turn.then(() => {
      next = undefined
      return work(batch)
    })
    next = { asked: batch, answer }
    turn = answer.catch(() => {})
    return answer
  }
}
