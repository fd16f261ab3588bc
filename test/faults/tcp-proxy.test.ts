import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { eventually } from '../eventually.ts'
import { startTcpProxy, type TcpProxyOptions } from './tcp-proxy.ts'

/** An echo behind a proxy. It also keeps all that it read. */
async function echoBehindProxy(t: TestContext, options: Partial<TcpProxyOptions> = {}) {
  const sockets = new Set<Socket>()
  const heard: Buffer[] = []
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk)
      socket.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startTcpProxy({ targetPort: (server.address() as { port: number }).port, ...options })
  t.after(async () => {
    await proxy.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const open = async () => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    await once(socket, 'connect')
    return { socket, text: () => Buffer.concat(received).toString() }
  }
  return { proxy, open, heard: () => Buffer.concat(heard).toString() }
}

test('everything passes, in order, also when there is much of it', async t => {
  const { open } = await echoBehindProxy(t)
  const { socket, text } = await open()
  const much = 'abcdefghij'.repeat(200_000)
  socket.write(much)
  await eventually('all of it is back', () => text().length === much.length)
  assert.equal(text(), much)
  socket.destroy()
})

test('cut: connections are reset and new ones refused until it is healed', async t => {
  const { proxy, open } = await echoBehindProxy(t)
  const { socket } = await open()
  const broken = once(socket, 'error')
  await proxy.cut()
  assert.equal((await broken)[0].code, 'ECONNRESET')
  await assert.rejects(open(), { code: 'ECONNREFUSED' })
  await proxy.heal()
  const { socket: next, text } = await open()
  next.write('again')
  await eventually('it answers again', () => text() === 'again')
  next.destroy()
})

test('delay: an answer takes longer by it each way', async t => {
  const { proxy, open } = await echoBehindProxy(t)
  const { socket, text } = await open()
  proxy.delay(60)
  const startMs = performance.now()
  socket.write('slow')
  await eventually('the echo is back', () => text() === 'slow')
  assert.ok(performance.now() - startMs >= 118)
  socket.destroy()
})

test('freeze: nothing passes and nobody is told; healed, all of it arrives', async t => {
  const { proxy, open, heard } = await echoBehindProxy(t)
  const { socket, text } = await open()
  proxy.freeze()
  socket.write('late')
  // A second connection proves that the proxy is at work, and holds the same silence.
  const { socket: other } = await open()
  other.write('r')
  assert.equal(heard(), '')
  await proxy.heal()
  await eventually('it arrives', () => text() === 'late')
  for (const each of [socket, other]) each.destroy()
})

test('half-close: the client hears the end, and what it sends still arrives', async t => {
  const { proxy, open, heard } = await echoBehindProxy(t)
  const { socket, text } = await open()
  socket.write('one')
  await eventually('it is open both ways', () => text() === 'one')
  const ended = once(socket, 'end')
  proxy.halfClose()
  await ended
  socket.write('two')
  await eventually('what is sent arrives', () => heard() === 'onetwo')
  assert.equal(text(), 'one')
  socket.destroy()
})

test('an inspector decides what passes', async t => {
  const inspect = () => ({
    fromClient: (chunk: Buffer) => [chunk],
    fromServer: (chunk: Buffer) => (chunk.toString() === 'secret' ? [] : [chunk]),
  })
  const { open, heard } = await echoBehindProxy(t, { inspect })
  const { socket, text } = await open()
  socket.write('secret')
  await eventually('the server heard it', () => heard() === 'secret')
  socket.write('plain')
  await eventually('only the other is back', () => text() === 'plain')
  socket.destroy()
})
