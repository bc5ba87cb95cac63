import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf } from '../src/imports.ts'
import {
  findCycles,
  findForbiddenArrows,
  findNodeImports,
  findReferenceMismatches,
  findUndeclaredImports,
} from '../src/layers.ts'
import { readRootReferences, readWorkspace, type WorkspacePackage } from '../src/workspace.ts'

const root = join(import.meta.dirname, '../..')

describe('this repository', () => {
  const packages = readWorkspace(root)

  test('has packages with sources', () => {
    expect(packages.map(({ name }) => name)).toContain('core')
    expect(packages.find(({ name }) => name === 'core')?.sources.size).toBeGreaterThan(0)
  })

  test('has only arrows that point down', () => expect(findForbiddenArrows(packages)).toEqual([]))

  test('has no cycle between packages', () => expect(findCycles(packages)).toEqual([]))

  test('keeps node: imports of the portable packages in one file each', () =>
    expect(findNodeImports(packages)).toEqual([]))

  test('declares every import of src', () => expect(findUndeclaredImports(packages)).toEqual([]))

  test('has tsconfig references that follow the dependencies', () =>
    expect(findReferenceMismatches(packages, readRootReferences(root))).toEqual([]))
})

describe('the rules find', () => {
  test('a library that depends on a transport', () => {
    const packages = [made('streams', { dependencies: ['@crossdock/transport-docker'] })]
    expect(findForbiddenArrows(packages)).toEqual(['streams may not depend on transport-docker'])
  })

  test('a transport that depends on another, at run time or for development', () => {
    const other = ['@crossdock/transport-dir']
    expect(findForbiddenArrows([made('transport-docker', { dependencies: other })])).toHaveLength(1)
    expect(findForbiddenArrows([made('transport-docker', { devDependencies: other })])).toHaveLength(1)
  })

  test('a test tool among the run time dependencies, but not among the others', () => {
    const tools = ['@crossdock/transport-testkit', '@crossdock/registry-server']
    expect(findForbiddenArrows([made('copy', { dependencies: tools })])).toHaveLength(2)
    expect(findForbiddenArrows([made('copy', { devDependencies: tools })])).toEqual([])
  })

  test('a package that nobody gave a place', () => {
    expect(findForbiddenArrows([made('miscellany')])).toHaveLength(1)
  })

  test('a cycle that a development dependency closes', () => {
    const packages = [
      made('core', { devDependencies: ['@crossdock/transport-testkit'] }),
      made('transport-testkit', { dependencies: ['@crossdock/core'] }),
    ]
    expect(findCycles(packages)).toEqual(['core → transport-testkit → core'])
  })

  test('a node: import outside the one file for it', () => {
    const source = "import { gzip } from 'node:zlib'"
    expect(findNodeImports([made('streams', { sources: { 'src/node-zlib.ts': source } })])).toEqual([])
    expect(findNodeImports([made('streams', { sources: { 'src/gzip.ts': source } })])).toHaveLength(1)
    expect(findNodeImports([made('http', { sources: { 'src/tls.ts': source } })])).toEqual([])
    const two = { 'src/node-hash.ts': source, 'src/node-zlib.ts': source }
    expect(findNodeImports([made('streams', { sources: two })])).toHaveLength(1)
  })

  test('an import that is not declared, or that leaves the package by path', () => {
    const sources = { 'src/a/b.ts': "import '../c.ts'\nimport x from 'x/y'\nconst z = await import('../../../z/a.ts')" }
    expect(findUndeclaredImports([made('http', { sources })])).toHaveLength(2)
    expect(findUndeclaredImports([made('http', { sources, dependencies: ['x'] })])).toHaveLength(1)
    const development = made('http', { sources: { 'src/a.ts': "export * from 'x'" }, devDependencies: ['x'] })
    expect(findUndeclaredImports([development])).toHaveLength(1)
  })

  test('a reference that is missing or too many', () => {
    const http = { ...made('http', { dependencies: ['@crossdock/core'] }), references: ['streams'] }
    expect(findReferenceMismatches([http], ['http'])).toEqual([
      'packages/http/tsconfig.json lacks the reference to core',
      'packages/http/tsconfig.json refers to streams without need',
    ])
    expect(findReferenceMismatches([made('core')], [])).toEqual(['tsconfig.json lacks the reference to core'])
  })
})

test('imports are found in every form, and none in comments', () => {
  const source = `
    import type { A } from 'a'
    import b, {
      c,
    } from "b/c" // from 'no'
    export { d } from './d.ts'
    import 'e'
    /** import { x } from 'no' */
    const url = 'https://example.com'; const f = await import('f')
    type G = import('g').G
  `
  expect(importsOf(source)).toEqual(['a', 'b/c', './d.ts', 'e', 'f', 'g'])
  expect(importsOf(`f('where it comes from', 'x')`)).toEqual([])
})

interface Made {
  readonly dependencies?: readonly string[]
  readonly devDependencies?: readonly string[]
  readonly sources?: Readonly<Record<string, string>>
}

function made(name: string, { dependencies = [], devDependencies = [], sources = {} }: Made = {}): WorkspacePackage {
  return { name, dependencies, devDependencies, references: [], sources: new Map(Object.entries(sources)) }
}
