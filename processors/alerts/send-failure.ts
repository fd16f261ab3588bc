// Why a message was not taken, in words that hold no address, no URL and no answer.

export interface SendFailure {
  reason: string
  /** Whether the same would fail again, whenever it is tried. */
  permanent: boolean
  /** The receiver asks for so long a pause. */
  pauseMs?: number
}
