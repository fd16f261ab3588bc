// What a page waits for: an answer, a list that grows page by page up to a bound, a stream of server-sent events.

import { useEffect, useRef, useState } from 'preact/hooks'
import { call } from './call.js'

/** Rows shown at once, and added by each `more`. */
const PAGE = 50
const MAX_ROWS = 500
/** Pause before a stream that was refused is asked for again, ms. */
const REOPEN_MS = 10_000

/**
 * @param {string | null} path null: nothing is asked for yet
 * @param {{ ask?: typeof call }} options `ask`: asks in a way of its own; the others are those of `call`
 * @returns {{ data?: any, problem?: Error, loading: boolean, again: () => void }}
 */
export function useLoad(path, { ask = call, ...options } = {}) {
  const [state, setState] = useState({ loading: path !== null })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    if (path === null) return setState({ loading: false })
    const leaving = new AbortController()
    setState(({ data, of }) => (of === path ? { data, of, loading: true } : { loading: true }))
    ask(path, { ...options, signal: leaving.signal }).then(
      data => setState({ data, of: path, loading: false }),
      problem => problem.name !== 'AbortError' && setState({ problem, loading: false }),
    )
    return () => leaving.abort()
  }, [path, turn])
  return { ...state, again: () => setTurn(turn + 1) }
}

/**
 * A list by cursor. @param {null | ((page: { limit: number, cursor?: string }) => Promise<{ items: any[], next: string | null }>)} ask
 * @param {string} of what it is a list of: another one begins anew
 */
export function useList(of, ask) {
  const [state, setState] = useState({ items: [], next: null, loading: true })
  const current = useRef(of)
  const read = async (before, cursor) => {
    try {
      const { items, next } = await ask({ limit: PAGE, ...(cursor && { cursor }) })
      if (current.current === of) setState({ items: [...before, ...items], next, loading: false })
    } catch (problem) {
      if (current.current === of) setState({ items: before, next: null, problem, loading: false })
    }
  }
  useEffect(() => {
    current.current = of
    setState({ items: [], next: null, loading: ask !== null })
    if (ask) read([], undefined)
  }, [of])
  const isFull = state.items.length >= MAX_ROWS
  const more = state.next && !isFull ? () => read(state.items, state.next) : undefined
  return { ...state, more, isFull: isFull && state.next !== null }
}

/** @param {string | null} path @param {string} event its name @param {(data: any) => void} take */
export function useStream(path, event, take) {
  const latest = useRef(take)
  latest.current = take
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    if (path === null) return undefined
    let source
    let timer
    const open = () => {
      source = new EventSource(path)
      source.addEventListener('open', () => setOpen(true))
      source.addEventListener('error', () => {
        setOpen(false)
        if (source.readyState === EventSource.CLOSED) refused()
      })
      source.addEventListener(event, ({ data }) => {
        // Told that it is over, a browser would ask again.
        if (latest.current(JSON.parse(data)) === 'over') source.close()
      })
    }
    // After an answer other than 200 a browser does not try again: the session may be over, or too many are watching.
    const refused = () => {
      call('/v1/access/me').catch(() => {})
      timer = setTimeout(open, REOPEN_MS)
    }
    open()
    return () => {
      clearTimeout(timer)
      source.close()
    }
  }, [path, event])
  return isOpen
}
