import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A call of a traced process that flushes something to the disk or gives it a name. */
export type TracedCall =
  | { readonly kind: 'flush'; readonly path: string; readonly at: number }
  | { readonly kind: 'name'; readonly from: string; readonly path: string; readonly at: number }
  | { readonly kind: 'folder'; readonly path: string; readonly at: number }

/** Arguments for strace that make it write such calls, of all threads, to a file. */
export function tracing(file: string): readonly string[] {
  return ['-f', '-y', '-s', '4096', '-e', 'trace=fsync,fdatasync,/^rename,/^mkdir', '-o', file]
}

/**
 * The calls that succeeded. A flush counts from when it was over (`at` is its place in the trace), everything else from when it
 * began.
 */
export async function readTrace(file: string): Promise<readonly TracedCall[]> {
  const calls: TracedCall[] = []
  const open = new Map<string, { readonly call: string; readonly at: number }>()
  for (const [at, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1]
    if (begun !== undefined) {
      open.set(thread, { call: begun, at })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1]
    const before = resumed === undefined ? undefined : open.get(thread)
    const call = `${before?.call ?? ''}${resumed ?? rest}`
    if (call.endsWith('= 0')) calls.push(...parseCall(call, { begin: before?.at ?? at, end: at }))
  }
  return calls
}

function parseCall(call: string, { begin, end }: { readonly begin: number; readonly end: number }): TracedCall[] {
  const flushed = /^f(?:data)?sync\(\d+<(.*)>\)/.exec(call)?.[1]
  if (flushed !== undefined) return [{ kind: 'flush', path: flushed, at: end }]
  const [from, path] = [...call.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text)
  if (from === undefined) return []
  return [path === undefined ? { kind: 'folder', path: from, at: begin } : { kind: 'name', from, path, at: begin }]
}

/** What is wrong with the order of calls, in words: everything gets its name after its flush, and its folder is flushed after. */
export function undurable(calls: readonly TracedCall[], root: string): readonly string[] {
  const flushes = calls.filter((call) => call.kind === 'flush')
  const within = calls.filter((call) => call.kind !== 'flush' && call.path.startsWith(root))
  return within.flatMap((call) => {
    const problems: string[] = []
    if (call.kind === 'name' && !flushes.some(({ path, at }) => path === call.from && at < call.at)) {
      problems.push(`${call.path} gets its name before it is flushed`)
    }
    if (!flushes.some(({ path, at }) => path === dirname(call.path) && at > call.at)) {
      problems.push(`nothing flushes the folder of ${call.path} after it gets its name`)
    }
    return problems
  })
}
