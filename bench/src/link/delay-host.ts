import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import type { DelayOptions, Proxy } from './delay-proxy.ts'

/** What goes to the process of the proxies. */
export interface DelayRequest {
  readonly id: number
  readonly open?: Omit<DelayOptions, 'bytesPerSecond'> & { readonly bytesPerSecond: number | null }
  /** The port of the proxy. */
  readonly close?: number
}

export interface DelayAnswer {
  readonly id: number
  readonly port?: number
  readonly error?: string
}

/** Where delaying proxies live: a process of their own. */
export interface DelayHost extends AsyncDisposable {
  readonly pid: number
  open(options: DelayOptions): Promise<Proxy>
}

const HIGH_PRIORITY = -10

export async function startDelayHost(): Promise<DelayHost> {
  const child = fork(new URL('./delay-process.ts', import.meta.url), [], { execArgv: [] })
  await once(child, 'spawn')
  favour(child.pid ?? 0)
  const ended = once(child, 'exit')
  const waiting = new Map<number, (answer: DelayAnswer) => void>()
  child.on('message', (answer: DelayAnswer) => waiting.get(answer.id)?.(answer))
  child.on('exit', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the process of the delaying proxies ended' })
  })
  let requests = 0
  const ask = async (request: Omit<DelayRequest, 'id'>): Promise<DelayAnswer> => {
    const id = (requests += 1)
    const answer = await new Promise<DelayAnswer>((resolve, reject) => {
      waiting.set(id, resolve)
      child.send({ id, ...request }, (error) => error !== null && reject(error))
    })
    waiting.delete(id)
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
  return {
    pid: child.pid ?? 0,
    open: async ({ bytesPerSecond, ...rest }) => {
      const finite = bytesPerSecond === Infinity ? null : bytesPerSecond
      const { port = 0 } = await ask({ open: { ...rest, bytesPerSecond: finite } })
      return { port, close: async () => void (await ask({ close: port })) }
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** A network does not wait until the tools leave it a processor. Only root may do this; without, times are a little less exact. */
function favour(pid: number): void {
  try {
    setPriority(pid, HIGH_PRIORITY)
  } catch {
    // Not permitted.
  }
}
