import { isBuiltin } from 'node:module'
import { importsOf } from './imports.ts'
import type { WorkspacePackage } from './workspace.ts'

const scope = '@crossdock/'

/** What every transport may build on: the contract and the libraries, never another transport. */
const libraries = ['core', 'formats', 'streams', 'blob-files', 'http', 'archive', 'config']

/** The arrows between packages; a package that is not listed here is a violation of its own. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  formats: ['core'],
  streams: ['core'],
  config: ['core'],
  'blob-files': ['core', 'streams'],
  http: ['core', 'streams'],
  archive: ['core', 'streams', 'formats', 'blob-files'],
  'signature-policy': libraries,
  store: libraries,
  copy: ['core', 'formats', 'streams'],
  finder: ['core', 'formats', 'streams', 'blob-files', 'archive', 'copy', 'store'],
  sync: ['core', 'formats', 'copy'],
  'registry-server': ['core', 'formats', 'streams'],
  'transport-testkit': ['core'],
  'test-images': ['core', 'streams'],
  'test-engine': [],
}

/** Test tools that any package may have as a development dependency. */
const testTools = ['transport-testkit', 'registry-server', 'test-images', 'test-engine']

/** Packages that are to run outside Node one day: one file of each may import `node:` modules. */
const portable = ['core', 'formats', 'streams']

function mayDependOn(from: string, to: string): boolean {
  if (from === 'cli') return to !== 'transport-testkit'
  // The store is the home of the transport `store:`.
  if (from === 'transports') return to === 'core' || to === 'store' || isTransport(to)
  const allowed = isTransport(from) ? libraries : arrows[from]
  return allowed?.includes(to) ?? false
}

function isTransport(name: string): boolean {
  return name.startsWith('transport-') && name !== 'transport-testkit'
}

function siblings(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(scope)).map((name) => name.slice(scope.length))
}

/** Dependencies that point up, sideways or to a package without a place in the layers. */
export function findForbiddenArrows(packages: readonly WorkspacePackage[]): string[] {
  return packages.flatMap(({ name, dependencies, devDependencies }) => {
    const known = name in arrows || isTransport(name) || name === 'transports' || name === 'cli'
    if (!known) return [`${name} has no place in the layers: add it to test-e2e/src/layers.ts`]
    const runtime = siblings(dependencies).filter((to) => !mayDependOn(name, to))
    const development = siblings(devDependencies).filter((to) => !mayDependOn(name, to) && !testTools.includes(to))
    return [
      ...runtime.map((to) => `${name} may not depend on ${to}`),
      ...development.map((to) => `${name} may not depend on ${to}, not even for development`),
    ]
  })
}

/** Cycles between packages, development dependencies included; each is named once, as `a → b → a`. */
export function findCycles(packages: readonly WorkspacePackage[]): string[] {
  const graph = new Map(packages.map((p) => [p.name, siblings([...p.dependencies, ...p.devDependencies])]))
  const finished = new Set<string>()
  const cycles: string[] = []
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      cycles.push([...path.slice(path.indexOf(name)), name].join(' → '))
      return
    }
    if (finished.has(name)) return
    for (const next of graph.get(name) ?? []) visit(next, [...path, name])
    finished.add(name)
  }
  for (const name of graph.keys()) visit(name, [])
  return cycles
}

/** `node:` imports of the portable packages outside their one `src/node-*.ts`. */
export function findNodeImports(packages: readonly WorkspacePackage[]): string[] {
  return packages
    .filter(({ name }) => portable.includes(name))
    .flatMap(({ name, sources }) => {
      const users = [...sources].filter(([, text]) => importsOf(text).some((specifier) => isBuiltin(specifier)))
      const paths = users.map(([path]) => path)
      const homes = paths.filter((path) => /^src\/node-[\w-]+\.ts$/.test(path))
      return [
        ...paths.filter((path) => !homes.includes(path)).map((path) => `${name}/${path} imports a node: module`),
        ...(homes.length > 1 ? [`${name} has more than one file with node: imports: ${homes.join(', ')}`] : []),
      ]
    })
}

/** Imports of `src/` that the package does not declare, or that reach out of the package by path. */
export function findUndeclaredImports(packages: readonly WorkspacePackage[]): string[] {
  return packages.flatMap(({ name, dependencies, sources }) =>
    [...sources].flatMap(([path, text]) =>
      importsOf(text)
        .filter((specifier) => !isDeclared(specifier, path, dependencies))
        .map((specifier) => `${name}/${path} imports ${specifier}, which is no dependency of ${name}`),
    ),
  )
}

function isDeclared(specifier: string, path: string, dependencies: readonly string[]): boolean {
  if (specifier.startsWith('node:')) return true
  if (specifier.startsWith('.')) return new URL(specifier, `file:///package/${path}`).pathname.startsWith('/package/')
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  return dependencies.includes(name)
}

/** tsconfig.json references that do not follow the dependencies: `tsc -b` builds in the order of the references. */
export function findReferenceMismatches(packages: readonly WorkspacePackage[], root: readonly string[]): string[] {
  const differences = packages.flatMap((p) =>
    compare(`packages/${p.name}/tsconfig.json`, p.references, siblings(p.dependencies)),
  )
  return [
    ...differences,
    ...compare(
      'tsconfig.json',
      root,
      packages.map(({ name }) => name),
    ),
  ]
}

function compare(file: string, actual: readonly string[], expected: readonly string[]): string[] {
  return [
    ...expected.filter((name) => !actual.includes(name)).map((name) => `${file} lacks the reference to ${name}`),
    ...actual.filter((name) => !expected.includes(name)).map((name) => `${file} refers to ${name} without need`),
  ]
}
