// What a test's process started or wrote goes when it ends, however it ends and however much that is.

const undone: (() => void)[] = []

process.on('exit', () => {
  for (const undo of undone) undo()
})

/** Called when this process exits, in the order given. */
export function atExit(undo: () => void): void {
  undone.push(undo)
}
