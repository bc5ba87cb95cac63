import { EXIT } from './exit-codes.ts'

/** Why an operation was ended from outside: a signal, or `--command-timeout`. */
export class Interruption extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Interruptible {
  /** Aborted, with an `Interruption`, by the first signal or the time-out. */
  readonly signal: AbortSignal
  stop(): void
}

/**
 * Turns the first Ctrl-C (or SIGTERM, SIGHUP) into an orderly end; a second one ends the process at once. `timeoutMs` ends
 * it with the exit code of a time-out. Default: no time-out.
 */
export function listenForInterruption(timeoutMs?: number): Interruptible {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    const exitCode = 128 + process.getBuiltinModule('node:os').constants.signals[name]
    if (controller.signal.aborted) process.exit(exitCode)
    controller.abort(new Interruption(`stopped by ${name}`, exitCode))
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => controller.abort(timedOut(timeoutMs)), timeoutMs)
  return {
    signal: controller.signal,
    stop: () => {
      clearTimeout(timer)
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

function timedOut(timeoutMs: number): Interruption {
  return new Interruption(`not done within the command's time limit of ${timeoutMs / 1000} s`, EXIT.network)
}
