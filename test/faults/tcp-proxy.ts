// A TCP proxy in front of one server's port, through which a network fails: it delays, cuts, freezes, half-closes, and
// lets a frame of the server's vanish.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { pauseMs } from './pause.ts'

/** Looks at one connection's bytes; what it returns is what passes on. */
export interface Inspector {
  fromClient(chunk: Buffer): Buffer[]
  fromServer(chunk: Buffer): Buffer[]
}

export interface TcpProxy {
  port: number
  /** Each read of either side is passed on so much later. */
  delay(ms: number): void
  /** Resets all connections, and refuses new ones until healed. */
  cut(): Promise<void>
  /** Resets all connections; new ones are taken. */
  reset(): void
  /** Nothing passes any more, and nobody is told. */
  freeze(): void
  /** Clients are told that the server has said all; what they still send arrives. */
  halfClose(): void
  /** Undoes all of these. Connections that were reset or half-closed stay so. */
  heal(): Promise<void>
  close(): Promise<void>
}

export interface TcpProxyOptions {
  /** On 127.0.0.1. */
  targetPort: number
  /** A free one if undefined. */
  port?: number
  inspect?: () => Inspector
}

const passAll: Inspector = { fromClient: chunk => [chunk], fromServer: chunk => [chunk] }

export async function startTcpProxy({ targetPort, port = 0, inspect }: TcpProxyOptions): Promise<TcpProxy> {
  const pairs = new Set<[client: Socket, server: Socket]>()
  let delayMs = 0
  let gate: PromiseWithResolvers<void> | undefined

  const listener = createServer({ allowHalfOpen: true }, client => {
    const server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair: [Socket, Socket] = [client, server]
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      // A reset, as a network's end would be: no orderly goodbye.
      for (const socket of pair) if (!socket.destroyed) socket.resetAndDestroy()
    }
    const inspector = inspect?.() ?? passAll
    const both = [
      pump(client, server, chunk => inspector.fromClient(chunk)),
      pump(server, client, chunk => inspector.fromServer(chunk)),
    ]
    for (const socket of pair) socket.on('error', end)
    Promise.all(both).then(() => pairs.delete(pair), end)
  })

  async function pump(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer[]): Promise<void> {
    for await (const chunk of from) {
      if (delayMs > 0) await pauseMs(delayMs)
      if (gate) await gate.promise
      for (const part of pass(chunk as Buffer)) if (!to.writableEnded && !to.write(part)) await drained(to)
    }
    if (gate) await gate.promise
    to.end()
  }

  const reset = () => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
    pairs.clear()
  }
  const thaw = () => {
    gate?.resolve()
    gate = undefined
  }
  port = await listen(listener, port)
  const cut = async () => {
    reset()
    thaw()
    if (listener.listening) await new Promise(resolve => listener.close(resolve))
    reset()
  }
  return {
    port,
    delay: ms => {
      delayMs = ms
    },
    cut,
    reset,
    freeze: () => {
      gate ??= Promise.withResolvers()
    },
    halfClose: () => {
      for (const [client] of pairs) client.end()
    },
    heal: async () => {
      delayMs = 0
      thaw()
      if (!listener.listening) await listen(listener, port)
    },
    close: cut,
  }
}

async function listen(listener: Server, port: number): Promise<number> {
  listener.listen(port, '127.0.0.1')
  await once(listener, 'listening')
  return (listener.address() as { port: number }).port
}

function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
