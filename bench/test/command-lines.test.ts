import { describe, expect, test } from 'vitest'
import { type CommandLines, CROSSDOCK, floorCommandLines, PEERS } from '../src/command-lines.ts'
import type { Operation } from '../src/operation.ts'

const near = { tls: false, limited: false }
const OPERATIONS: readonly Operation[] = [
  { kind: 'pull', from: 'h:1/a/b:latest', folder: '/f', state: 'fresh', ...near },
  { kind: 'push', folder: '/f', to: 'h:1/a/b:latest', there: false, ...near },
  { kind: 'copy', from: 'h:1/a/b:latest', to: 'g:2/c:latest', sameRegistry: false, ...near },
  { kind: 'folder', from: '/f', folder: '/g' },
  { kind: 'save', from: 'h:1/a/b:latest', archive: '/a.tar', ...near },
  { kind: 'load', archive: '/a.tar', to: 'h:1/a/b:latest', ...near },
  { kind: 'recompress', from: 'h:1/a/b:latest', folder: '/f', ...near },
  { kind: 'flatten', from: 'h:1/a/b:latest', file: '/a.tar', ...near },
  { kind: 'inspect', image: 'h:1/a/b:latest', ...near },
  { kind: 'list-tags', repository: 'h:1/a/b', ...near },
  { kind: 'version' },
]

function lineOf(lines: CommandLines, operation: Operation): string | undefined {
  // Each entry takes the operation of its own kind.
  return (lines[operation.kind] as ((operation: Operation) => readonly string[]) | undefined)?.(operation).join(' ')
}

function secure(operation: Operation): Operation {
  return 'tls' in operation ? { ...operation, tls: true } : operation
}

const TOOLS: Readonly<Record<string, CommandLines>> = {
  crossdock: CROSSDOCK,
  floor: floorCommandLines('/floor.mjs'),
  ...PEERS,
}

const ARCHIVES: readonly Operation['kind'][] = ['save', 'load', 'recompress', 'flatten']
const LACKING: Readonly<Record<string, readonly Operation['kind'][]>> = {
  crossdock: [],
  skopeo: ['flatten'],
  crane: ['folder', 'load', 'recompress'],
  oras: ['save', 'recompress', 'flatten'],
  regctl: ARCHIVES,
  floor: ARCHIVES,
}

describe.each(Object.entries(TOOLS))('%s', (name, lines) => {
  const supported = OPERATIONS.filter(({ kind }) => LACKING[name]?.includes(kind) === false)
  test('has no more than it should', () => {
    const lacking = OPERATIONS.map(({ kind }) => kind).filter((kind) => lines[kind] === undefined)
    expect(lacking).toEqual(expect.arrayContaining([...(LACKING[name] ?? [])]))
    expect(lacking).toHaveLength(LACKING[name]?.length ?? 0)
  })

  test.each(supported)('names everything that $kind is about', (operation) => {
    const line = lineOf(lines, operation)
    const { kind: _, ...rest } = operation
    const subjects = Object.values(rest).filter(
      (value): value is string => typeof value === 'string' && value !== 'fresh',
    )
    for (const subject of subjects) expect(line).toContain(subject)
    expect(line).not.toBe('')
  })
})

test.each([
  { tool: 'oras', kind: 'pull', line: 'cp --no-tty --from-insecure h:1/a/b:latest --to-oci-layout /f:latest' },
  { tool: 'oras', kind: 'copy', line: 'cp --no-tty --from-insecure --to-insecure h:1/a/b:latest g:2/c:latest' },
  { tool: 'oras', kind: 'list-tags', line: 'repo tags --insecure h:1/a/b' },
  {
    tool: 'regctl',
    kind: 'copy',
    line: '--host reg=h:1,tls=insecure --host reg=g:2,tls=insecure image copy h:1/a/b:latest g:2/c:latest',
  },
  {
    tool: 'skopeo',
    kind: 'push',
    line: 'copy --insecure-policy --all -q --src-tls-verify=false --dest-tls-verify=false oci:/f:latest docker://h:1/a/b:latest',
  },
  { tool: 'crane', kind: 'pull', line: 'pull --insecure --format=oci h:1/a/b:latest /f' },
  { tool: 'crossdock', kind: 'inspect', line: 'inspect --tls-verify=false --format json docker://h:1/a/b:latest' },
  { tool: 'floor', kind: 'push', line: '/floor.mjs push /f https://h:1/a/b:latest' },
] as const)('$tool is told not to check certificates: $kind', ({ tool, kind, line }) => {
  const operation = OPERATIONS.find((one) => one.kind === kind)
  expect(operation && lineOf(TOOLS[tool] as CommandLines, secure(operation))).toBe(line)
})

test('oras and regctl are told that a registry speaks plain http', () => {
  const [pull] = OPERATIONS
  if (pull === undefined) throw new Error('there are no operations')
  expect(lineOf(TOOLS['oras'] as CommandLines, pull)).toContain('--from-plain-http')
  expect(lineOf(TOOLS['regctl'] as CommandLines, pull)).toContain('--host reg=h:1,tls=disabled')
})

test.each([
  {
    operation: { kind: 'pull', from: 'h:1/a:b', folder: '/f', state: 'fresh', tls: false, limited: true },
    action: 'pull-ranged',
  },
  {
    operation: { kind: 'pull', from: 'h:1/a:b', folder: '/f', state: 'complete', tls: false, limited: true },
    action: 'pull-again',
  },
  { operation: { kind: 'push', folder: '/f', to: 'h:1/a:b', there: true, ...near }, action: 'push-again' },
  { operation: { kind: 'copy', from: 'h:1/a:b', to: 'h:1/c:b', sameRegistry: true, ...near }, action: 'mount' },
] as const)('the floor is told what it would have to find out: $action', ({ operation, action }) => {
  expect(lineOf(TOOLS['floor'] as CommandLines, operation)).toContain(` ${action} `)
})
