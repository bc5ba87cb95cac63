import { ImageError } from '@crossdock/core'
import { raceSignal } from '@crossdock/streams'

/** Which hosts failed lately, as far as that passes: others are better asked first, and the first one who asks again does so alone. */
export interface Health {
  /** Hosts that did not fail lately first, as they come; then the others, the one whose failure is longest ago first. */
  order<Item extends { readonly host: string }>(items: readonly Item[]): readonly Item[]
  /** Whether it failed lately. */
  isSuspect(host: string): boolean
  /** Notes what an answer broke off with. */
  failed(host: string, error: unknown): void
  /**
   * Asks a host something, and notes whether it answers. Of a host that is new or failed the last time the first answer is awaited by
   * all others; if none comes they fail as well, without asking. What `ask` does must not ask the host this way again.
   */
  attempt<Value>(host: string, ask: () => Promise<Value>, signal?: AbortSignal): Promise<Value>
}

export interface HealthSettings {
  /** How long a host that failed comes behind the others. Default: 120 000. */
  readonly suspectMs?: number | undefined
  /** Milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
}

export function createHealth({ suspectMs = 120_000, now = Date.now }: HealthSettings = {}): Health {
  const states = new Map<string, State>()

  function stateOf(host: string): State {
    const state = states.get(host) ?? createState(() => now() + suspectMs)
    states.set(host, state)
    return state
  }

  function suspectUntil(host: string): number {
    const until = states.get(host)?.suspectUntil ?? 0
    return until > now() ? until : 0
  }

  return {
    order: (items) => items.toSorted((one, other) => suspectUntil(one.host) - suspectUntil(other.host)),
    isSuspect: (host) => suspectUntil(host) > 0,
    failed: (host, error) => {
      if (failureOfHost(error) !== undefined) stateOf(host).note(error)
    },
    async attempt(host, ask, signal) {
      const state = stateOf(host)
      while (!state.answers && state.probe !== undefined) {
        const failure = await raceSignal(state.probe, signal)
        if (failure !== undefined) throw unasked(host, failure)
      }
      return await (state.answers ? noted(state, ask, signal) : probe(state, ask, signal))
    },
  }
}

interface State {
  readonly answers: boolean
  readonly suspectUntil: number
  /** Under way: resolves with the failure, if it is one of the host. */
  probe: Promise<ImageError | undefined> | undefined
  /** What it answered with, if it was no success. */
  note(error: unknown): void
}

function createState(later: () => number): State {
  let suspectUntil = 0
  let answers = false
  return {
    probe: undefined,
    get answers() {
      return answers
    },
    get suspectUntil() {
      return suspectUntil
    },
    note(error) {
      answers = failureOfHost(error) === undefined
      suspectUntil = answers ? 0 : later()
    },
  }
}

async function noted<Value>(state: State, ask: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  try {
    const value = await ask()
    state.note(undefined)
    return value
  } catch (error) {
    // Who gives up, for whatever reason, has learnt nothing.
    if (error instanceof ImageError && signal?.aborted !== true) state.note(error)
    throw error
  }
}

async function probe<Value>(state: State, ask: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  const { promise, resolve } = Promise.withResolvers<ImageError | undefined>()
  state.probe = promise
  let failure: ImageError | undefined
  try {
    return await noted(state, ask, signal)
  } catch (error) {
    failure = signal?.aborted === true ? undefined : failureOfHost(error)
    throw error
  } finally {
    state.probe = undefined
    resolve(failure)
  }
}

/** The failure of somebody else's question. */
function unasked(host: string, { code, message, retryable, side }: ImageError): ImageError {
  return new ImageError(code, `${host} has just failed: ${message}`, { side, retryable })
}

/** What says something of the host and not of what it was asked for. */
function failureOfHost(error: unknown): ImageError | undefined {
  if (!(error instanceof ImageError)) return undefined
  return error.code === 'UNAVAILABLE' || error.code === 'RATE_LIMITED' ? error : undefined
}
