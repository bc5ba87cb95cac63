import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package of the workspace, as far as the layer rules look at it. */
export interface WorkspacePackage {
  /** Folder below `packages/`; `@crossdock/` before it is the package's name. */
  readonly name: string
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
  /** The packages that tsconfig.json refers to, by folder name. */
  readonly references: readonly string[]
  /** Source text by path below the package's folder, such as `src/index.ts`. */
  readonly sources: ReadonlyMap<string, string>
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

interface TsConfig {
  readonly references?: readonly { readonly path: string }[]
}

/** Reads every folder of `packages/` below a repository's root. */
export function readWorkspace(root: string): WorkspacePackage[] {
  return globSync('packages/*/package.json', { cwd: root })
    .toSorted()
    .map((file) => readPackage(join(root, file, '..')))
}

/** The packages that the root tsconfig.json builds, by folder name. */
export function readRootReferences(root: string): string[] {
  return references(readJson(join(root, 'tsconfig.json')) as TsConfig)
}

function readPackage(folder: string): WorkspacePackage {
  const manifest = readJson(join(folder, 'package.json')) as PackageJson
  const tsconfig = join(folder, 'tsconfig.json')
  const paths = globSync('src/**/*.ts', { cwd: folder }).toSorted()
  return {
    name: folder.replaceAll('\\', '/').split('/').at(-1) ?? folder,
    dependencies: [manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies].flatMap(keys),
    devDependencies: keys(manifest.devDependencies),
    references: existsSync(tsconfig) ? references(readJson(tsconfig) as TsConfig) : [],
    sources: new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')])),
  }
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function keys(record: Readonly<Record<string, string>> | undefined): string[] {
  return Object.keys(record ?? {})
}

function references(tsconfig: TsConfig): string[] {
  return (tsconfig.references ?? []).map(({ path }) => path.split('/').at(-1) ?? path)
}
