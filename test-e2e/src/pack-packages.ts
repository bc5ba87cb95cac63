import { globSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FinishedProcess, runProcess } from './start-process.ts'

/** The public packages of the workspace, by name, and the folder of each below its root. */
export function publicPackages(root: string): ReadonlyMap<string, string> {
  const manifests = globSync('packages/*/package.json', { cwd: root }).toSorted()
  return new Map(
    manifests.flatMap((path) => {
      const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as { name: string; private?: boolean }
      return manifest.private === true ? [] : [[manifest.name, join(root, path, '..')] as const]
    }),
  )
}

/** Packs packages as they would be published; the tarball of each. */
export async function packPackages(
  packages: ReadonlyMap<string, string>,
  { root, folder }: { readonly root: string; readonly folder: string },
): Promise<ReadonlyMap<string, string>> {
  const only = [...packages.keys()].flatMap((name) => ['--filter', name])
  const argv = [...pnpm(root), '--recursive', ...only, 'pack', '--pack-destination', folder, '--json']
  const { exitCode, stdout, stderr } = await runProcess(argv, { cwd: root })
  if (exitCode !== 0) throw new Error(`packing failed:\n${stdout.toString()}${stderr}`)
  const packed = JSON.parse(stdout.toString()) as readonly { readonly name: string; readonly filename: string }[]
  return new Map(packed.map(({ name, filename }) => [name, filename]))
}

/** Installs tarballs, and other packages from the npm registry or what pnpm has of it, in a project of their own. */
export async function installTarballs(
  folder: string,
  { root, tarballs, others }: InstallOptions,
): Promise<FinishedProcess> {
  const own = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]))
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies: { ...own, ...others } }),
  )
  // What the packages ask of one another is what was packed, too. JSON is YAML.
  await writeFile(join(folder, 'pnpm-workspace.yaml'), JSON.stringify({ overrides: own }))
  return runProcess([...pnpm(root), 'install', '--prefer-offline', '--ignore-scripts'], { cwd: folder })
}

export interface InstallOptions {
  readonly root: string
  readonly tarballs: ReadonlyMap<string, string>
  /** By name in the project: version or alias. */
  readonly others: Readonly<Record<string, string>>
}

function pnpm(root: string): readonly string[] {
  return [process.execPath, join(root, 'node_modules/pnpm/bin/pnpm.mjs')]
}
