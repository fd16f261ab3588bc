// A progress bar on a terminal, for work that takes long; nothing where the output is read by a program.

const WIDTH = 30
const REDRAW_MS = 100

export interface Progress {
  /** @param of how much there is in all; 0 while nobody knows */
  show(done: number, of: number): void
  /** Removes the bar. */
  end(): void
}

/** @param title what is being done, in a word or two */
export function openProgress(title: string, out: NodeJS.WriteStream = process.stderr): Progress {
  if (!out.isTTY) return { show: () => {}, end: () => {} }
  let drawnAtMs = Number.NEGATIVE_INFINITY
  return {
    show: (done, of) => {
      const nowMs = performance.now()
      if (nowMs - drawnAtMs < REDRAW_MS && done !== of) return
      drawnAtMs = nowMs
      out.write(`\r\x1b[K${title} ${bar(done, of)}`)
    },
    end: () => void out.write('\r\x1b[K'),
  }
}

function bar(done: number, of: number): string {
  if (of === 0) return `${done}`
  const share = Math.min(1, done / of)
  const filled = Math.round(share * WIDTH)
  return `[${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} % of ${of}`
}
