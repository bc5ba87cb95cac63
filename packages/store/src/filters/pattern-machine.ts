import type { Pattern } from './pattern.ts'
import type { PatternNode, Place } from './pattern-syntax.ts'

/** A state, and where it leads to. */
type State =
  | { readonly kind: 'character'; readonly matches: (character: string) => boolean; readonly next: number }
  | { readonly kind: 'place'; readonly holds: (place: Place) => boolean; readonly next: number }
  | { readonly kind: 'fork'; next: readonly number[] }
  | { readonly kind: 'end' }

const MAX_STATES = 4000

/**
 * A machine that is in several states at once (Thompson 1968): it looks at each character once and at each state once for it. Undefined
 * for a pattern that would take too many states.
 */
export function createMachine(pattern: PatternNode): Pattern | undefined {
  const states: State[] = [{ kind: 'end' }]
  const start = build(states, pattern, 0)
  return start === undefined ? undefined : { test: (text) => run(states, start, text) }
}

/** Adds the states of a part that lead to `next`; the first of them, or undefined if they become too many. */
function build(states: State[], node: PatternNode, next: number): number | undefined {
  switch (node.kind) {
    case 'sequence':
      return chain(states, node.parts, next)
    case 'choice':
      return fork(
        states,
        node.parts.map((part) => build(states, part, next)),
      )
    case 'repeat':
      return repeat(states, node, next)
    default:
      return add(states, { ...node, next })
  }
}

function add(states: State[], state: State): number | undefined {
  return states.length < MAX_STATES ? states.push(state) - 1 : undefined
}

function fork(states: State[], next: readonly (number | undefined)[]): number | undefined {
  const known = next.filter((one) => one !== undefined)
  return known.length < next.length ? undefined : add(states, { kind: 'fork', next: known })
}

function chain(states: State[], parts: readonly PatternNode[], next: number): number | undefined {
  let first: number | undefined = next
  for (const part of parts.toReversed()) {
    if (first !== undefined) first = build(states, part, first)
  }
  return first
}

/** So often as it must be, and then so often as it may. */
function repeat(
  states: State[],
  { part, least, most }: Extract<PatternNode, { readonly kind: 'repeat' }>,
  next: number,
): number | undefined {
  let first: number | undefined = most === Infinity ? loop(states, part, next) : next
  const times = most === Infinity ? least : most
  for (let time = times; time > 0 && first !== undefined; time -= 1) {
    const once: number | undefined = build(states, part, first)
    first = time > least ? fork(states, [once, next]) : once
  }
  return first
}

function loop(states: State[], part: PatternNode, next: number): number | undefined {
  const again: State = { kind: 'fork', next: [next] }
  const entry = add(states, again)
  const once = entry === undefined ? undefined : build(states, part, entry)
  if (once === undefined) return undefined
  again.next = [once, next]
  return entry
}

function run(states: readonly State[], start: number, text: string): boolean {
  const characters = Array.from(text)
  /** For each state the last place at which it was entered. */
  const entered = new Int32Array(states.length).fill(-1)
  let open: number[] = []
  for (let at = 0; at <= characters.length; at += 1) {
    const before = characters[at - 1]
    const after = characters[at]
    const next: number[] = []
    open.push(start)
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const state = states[index]
      if (state === undefined || entered[index] === at) continue
      entered[index] = at
      if (state.kind === 'end') return true
      if (state.kind === 'fork') for (const one of state.next) open.push(one)
      else if (state.kind === 'character') {
        if (after !== undefined && state.matches(after)) next.push(state.next)
      } else if (state.holds({ before, after })) open.push(state.next)
    }
    open = next
  }
  return false
}
