// Which page is shown: the part of the address after `#`, which no server is ever sent.

import { signal } from '@preact/signals'

export const route = signal(readRoute())
addEventListener('hashchange', () => {
  route.value = readRoute()
})

/** `#/datasets/payments?version=1-0-0` → path [datasets, payments], query { version: '1-0-0' } */
function readRoute() {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  return {
    path: partsOf(path),
    query: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** What cannot be decoded is one part, which no page is called. */
function partsOf(path) {
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent)
  } catch {
    return [path]
  }
}

/** The address of a page. */
export function link(path, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && value !== undefined))
  const where = path.map(encodeURIComponent).join('/')
  return asked.size > 0 ? `#/${where}?${asked}` : `#/${where}`
}

export function go(path, query) {
  location.hash = link(path, query)
}

/** Changes the address without a step in the browser's history. */
export function note(path, query) {
  history.replaceState(null, '', link(path, query))
  route.value = readRoute()
}
