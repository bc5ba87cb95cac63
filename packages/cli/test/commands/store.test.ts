import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@crossdock/store'
import { buildImages, type BuiltImage } from '@crossdock/test-images'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { callMain, type Called } from '../call-main.ts'

let root: string
let store: string
/** A layout with an index of two platforms. */
let index: BuiltImage
let from: string
let stores = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-store-command-'))
  const [built] = await buildImages({ folder: join(root, 'layout'), shapes: ['multiarch'], scale: 0.001 })
  index = built ?? expect.fail('the image was not built')
  from = `oci:${index.folder}:latest`
})
afterAll(() => rm(root, { recursive: true, force: true }))
beforeEach(() => {
  stores += 1
  store = join(root, `store-${stores}`)
})

const call = (...argv: readonly string[]): Promise<Called> => callMain(['store', ...argv, '--store', store])

async function done(...argv: readonly string[]): Promise<Called> {
  const called = await call(...argv)
  expect(called).toMatchObject({ exitCode: 0 })
  return called
}

const pull = (name: string, ...flags: readonly string[]): Promise<Called> =>
  done('pull', '-q', '--platform', 'linux/amd64', '--name', name, ...flags, from)

const names = async (...flags: readonly string[]): Promise<readonly string[]> =>
  (await done('ls', '-q', ...flags)).stdout.split('\n').filter((line) => line !== '')

/** The blobs in the folder of a store, in order. */
async function blobsOf(folder: string): Promise<readonly string[]> {
  const files = await readdir(join(folder, 'blobs/sha256')).catch((): string[] => [])
  return files.toSorted()
}

/** An archive with the image for one platform. */
async function archive(type: 'oci' | 'docker'): Promise<string> {
  const file = join(root, `${type}.tar`)
  const to = type === 'oci' ? `oci-archive:${file}:v1` : `docker-archive:${file}:team/app:v1`
  await rm(file, { force: true })
  expect(await callMain(['copy', '-q', '--override-arch', 'amd64', from, to])).toMatchObject({ exitCode: 0 })
  return file
}

describe('ls', () => {
  test('says that there is no store, and how to have one', async () => {
    const { exitCode, stderr } = await call('ls')
    expect(exitCode).toBe(2)
    expect(stderr).toContain(store)
    await expect(stat(store)).rejects.toThrow('ENOENT')
  })

  test('shows names, digests, what is there, and its size', async () => {
    await pull('app:1')
    const { stdout } = await done('ls')
    const [head, row, ...rest] = stdout.split('\n')
    expect(head).toMatch(/^name +digest +platforms +size +updated$/)
    expect(row).toMatch(
      /^docker\.io\/library\/app:1 +sha256:[0-9a-f]{12} +linux\/amd64 \(in part\) +[\d.]+ k?B +\d+ s ago$/,
    )
    expect(rest).toEqual([''])
  })

  test('prints JSON and templates, of names that a filter takes', async () => {
    await pull('app:1')
    await done('tag', '-q', 'app:1', 'localhost:5000/other:2')
    const listed = JSON.parse((await done('ls', '--json')).stdout) as readonly Readonly<Record<string, unknown>>[]
    expect(listed).toMatchObject([
      { Name: 'docker.io/library/app:1', Digest: index.digest, Platforms: ['linux/amd64'], Complete: false },
      { Name: 'localhost:5000/other:2', Digest: index.digest },
    ])
    expect(listed[0]?.['Size']).toBeGreaterThan(1000)
    const { stdout } = await done('ls', '--filter', 'name~=other', '--format', '{{.Name}} {{.Digest}}')
    expect(stdout).toBe(`localhost:5000/other:2 ${index.digest}\n`)
    expect(await names('--filter', 'name==none', '--filter', 'name~=^docker')).toEqual(['docker.io/library/app:1'])
  })

  test('shows what is attached to images only if it is asked to', async () => {
    await pull('localhost/app:1')
    const attached = `sha256-${'0a'.repeat(32)}.sig`
    await using opened = await openStore({ folder: store })
    const { target } = await opened.images.get('localhost/app:1')
    await opened.images.create({ name: attached, target })
    expect(await names()).toEqual(['localhost/app:1'])
    expect(await names('--all')).toEqual(['localhost/app:1', attached])
    expect(await names('--filter', 'name~=^sha256-')).toEqual([attached])
  })

  test('looks at no blob where nothing of it is shown', async () => {
    await pull('app:1')
    await rm(join(store, 'blobs'), { recursive: true })
    expect(await names()).toEqual(['docker.io/library/app:1'])
    expect((await done('ls', '--no-size')).stdout).not.toContain('in part')
    expect((await done('ls', '--format', '{{.Size}} {{.Complete}}')).stdout).toBe('0 false\n')
  })

  test.each([
    ['--filter', 'name=', 5],
    ['--filter', 'name~=(', 5],
    ['--format', '{{bad}}', 64],
    ['--format', '{{range .Labels}}', 64],
  ])('refuses %s %s, whether there are images or not', async (flag, value, code) => {
    await pull('app:1')
    for (const images of [1, 0]) {
      expect(await call('ls', flag, value)).toMatchObject({ exitCode: code, stdout: '' })
      if (images === 1) await done('rm', '-q', 'app:1')
    }
  })
})

describe('pull', () => {
  test('asks nobody for what is there, unless it is to', async () => {
    await pull('app:1')
    const gone = 'oci:/nowhere:latest'
    const again = await done('pull', '--platform', 'linux/amd64', '--name', 'app:1', gone)
    expect(again.stderr).toContain('docker.io/library/app:1 is in the store already')
    expect((await call('pull', '--always', '--platform', 'linux/amd64', '--name', 'app:1', gone)).exitCode).toBe(2)
    expect((await call('pull', '--platform', 'linux/arm64', '--name', 'app:1', gone)).exitCode).toBe(2)
    expect((await call('pull', '--all', '--name', 'app:1', gone)).exitCode).toBe(2)
  })

  test('brings a platform to those that are there, and all of them', async () => {
    await pull('app:1')
    await done('pull', '-q', '--platform', 'linux/arm64', '--name', 'app:1', from)
    expect((await done('ls', '--format', '{{json .Platforms}}')).stdout).toBe('["linux/amd64","linux/arm64/v8"]\n')
    await done('pull', '-q', '--all', '--name', 'app:1', from)
    expect((await done('ls', '--format', '{{.Complete}}')).stdout).toBe('true\n')
  })

  test('says as JSON what it did', async () => {
    const { stdout } = await pull('app:1', '--json')
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'docker.io/library/app:1', digest: index.digest }])
    const again = await pull('app:1', '--json')
    expect(JSON.parse(again.stdout)).toEqual([
      { name: 'docker.io/library/app:1', digest: index.digest, upToDate: true },
    ])
  })

  test('wants a name for what has none', async () => {
    const { exitCode, stderr } = await call('pull', from)
    expect({ exitCode, said: stderr.includes('--name') }).toEqual({ exitCode: 64, said: true })
    expect((await call('pull', '--name', 'a', from, from)).exitCode).toBe(64)
    expect((await call('pull', '--all', '--platform', 'linux/amd64', '--name', 'a', from)).exitCode).toBe(64)
    expect((await call('pull', 'store:a')).exitCode).toBe(64)
  })
})

describe('push and export', () => {
  test('send an index of what is there', async () => {
    await pull('app:1')
    const layout = join(root, `pushed-${stores}`)
    await done('push', '-q', 'app:1', `oci:${layout}:x`)
    const raw = (await callMain(['inspect', '--raw', `oci:${layout}:x`])).stdout
    const { manifests } = JSON.parse(raw) as { readonly manifests: readonly { readonly platform: unknown }[] }
    expect(manifests[0]?.platform).toMatchObject({ architecture: 'amd64' })
    expect(manifests.some(({ platform }) => JSON.stringify(platform).includes('arm64'))).toBe(false)
  })

  test('send a whole index byte for byte, and one platform alone', async () => {
    await done('pull', '-q', '--all', '--name', 'app:1', from)
    const file = join(root, `whole-${stores}.tar`)
    await done('export', '-q', 'app:1', '-o', file)
    const name = 'docker.io/library/app:1'
    expect((await callMain(['digest', `oci-archive:${file}:${name}`])).stdout).toBe(`${index.digest}\n`)
    await done('export', '-q', '--type', 'docker', '--platform', 'linux/amd64', 'app:1', '-o', `${file}.docker`)
    const { exitCode } = await callMain(['inspect', `docker-archive:${file}.docker:app:1`])
    expect(exitCode).toBe(0)
  })

  test('leave, or keep beside, what has the name there', async () => {
    const layout = join(root, `merged-${stores}`)
    const to = `oci:${layout}:x`
    const platforms = async (): Promise<readonly string[]> => {
      const raw = (await callMain(['inspect', '--raw', to])).stdout
      const { manifests } = JSON.parse(raw) as {
        readonly manifests: readonly { readonly platform?: { architecture: string } }[]
      }
      return manifests.map(({ platform }) => platform?.architecture ?? '').filter((each) => each !== 'unknown')
    }
    await pull('app:1')
    await done('push', '-q', '--existing', 'refuse', 'app:1', to)
    expect(await platforms()).toEqual(['amd64'])
    await done('rm', '-q', 'app:1', '--gc')
    await done('gc', '-q', '--min-age', '0')
    await done('pull', '-q', '--platform', 'linux/arm64', '--name', 'app:1', from)
    const { exitCode, stderr } = await call('push', '-q', '--existing', 'refuse', 'app:1', to)
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('[CONFLICT]') })
    expect(await platforms()).toEqual(['amd64'])
    await done('push', '-q', '--existing', 'merge', 'app:1', to)
    expect((await platforms()).toSorted()).toEqual(['amd64', 'arm64'])
    expect((await call('push', '--existing', 'merge', '--all', 'app:1', to)).exitCode).toBe(64)
  })

  test('say what is not there', async () => {
    await pull('app:1')
    expect((await call('push', '-q', 'other:1', `oci:${root}/none`)).exitCode).toBe(2)
    expect((await call('export', '-q', '--all', 'app:1', '-o', join(root, 'none.tar'))).exitCode).not.toBe(0)
    expect((await call('export', '-q', 'app:1', '-o', '')).exitCode).toBe(64)
  })
})

describe('load', () => {
  test('brings in what docker save writes, and makes the store', async () => {
    const { stderr } = await done('load', await archive('docker'))
    expect(stderr).toMatch(/^loaded docker\.io\/team\/app:v1 \(sha256:[0-9a-f]{64}\)\n$/m)
    expect(await names()).toEqual(['docker.io/team/app:v1'])
  })

  test('names what has a tag alone, and reads stdin', async () => {
    const file = await archive('oci')
    expect((await call('load', file)).exitCode).not.toBe(0)
    expect((await done('load', '-q', '--prefix', 'localhost:5000/app', file)).stderr).toBe('')
    await done('load', '-q', '--name', 'other', file)
    expect(await names()).toEqual(['docker.io/library/other:latest', 'localhost:5000/app:v1'])
    const damaged = await callMain(['store', 'load', '--store', store, '-'], { stdin: 'no archive' })
    expect(damaged.exitCode).toBe(5)
    expect((await call('load', '/nowhere.tar')).exitCode).toBe(2)
  })

  test('asks the policy, and leaves nothing of what it refuses', async () => {
    const policy = join(root, 'reject.json')
    await writeFile(policy, JSON.stringify({ default: [{ type: 'reject' }] }))
    const { exitCode } = await call('load', '--policy', policy, await archive('docker'))
    expect(exitCode).toBe(4)
    expect(await names()).toEqual([])
    expect(await blobsOf(store)).toEqual([])
    expect((await call('pull', '--policy', policy, '--name', 'x', from)).exitCode).toBe(4)
  })
})

describe('prune', () => {
  test('takes names that were not used for long, of those that a filter takes', async () => {
    await pull('app:1')
    await done('tag', '-q', 'app:1', 'localhost/two:1', 'localhost/three:1')
    expect((await done('prune', '--unused-for', '1h')).stderr).toContain('removed 0 blobs')
    const flags = ['--unused-for', '0', '--min-age', '0', '--filter', 'name~=^localhost']
    const dry = await done('prune', '--dry-run', ...flags)
    expect(dry.stdout.trim().split('\n').toSorted()).toEqual(['localhost/three:1', 'localhost/two:1'])
    expect(await names()).toHaveLength(3)
    expect(JSON.parse((await done('prune', '--json', ...flags)).stdout)).toMatchObject({ dryRun: false, blobs: 0 })
    expect(await names()).toEqual(['docker.io/library/app:1'])
  })

  test('takes what it needs to for the store to be small enough', async () => {
    await pull('app:1')
    expect((await done('prune', '--max-size', '1GB', '--min-age', '0', '-q')).stderr).toBe('')
    expect(await names()).toHaveLength(1)
    const { stderr } = await done('prune', '--max-size', '100', '--min-age', '0')
    expect(stderr).toMatch(/^removed docker\.io\/library\/app:1\nremoved \d+ blobs, [\d.]+ k?B\n$/)
    expect(await blobsOf(store)).toEqual([])
  })

  test('wants to know what may go', async () => {
    await pull('app:1')
    for (const flags of [[], ['--filter', 'name~=x'], ['--max-size', 'x'], ['--unused-for', '-1']])
      expect((await call('prune', ...flags)).exitCode).toBe(64)
  })
})

describe('verify', () => {
  test('finds nothing wrong with what was pulled, in part or whole', async () => {
    await pull('app:1')
    expect(await done('verify')).toMatchObject({ stdout: '', stderr: 'everything is as it should be\n' })
    await done('pull', '-q', '--all', '--name', 'app:1', from)
    expect(JSON.parse((await done('verify', '--json')).stdout)).toEqual({ findings: [] })
  })

  test('tells what is wrong, a line each, and ends with 5', async () => {
    await pull('app:1')
    const [first = ''] = await blobsOf(store)
    const path = join(store, 'blobs/sha256', first)
    const { size } = await stat(path)
    await chmod(path, 0o644)
    await writeFile(path, Buffer.alloc(size))
    const { exitCode, stdout, stderr } = await call('verify')
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: expect.stringContaining(`digest\tsha256:${first}\t`) })
    expect(stderr).toContain('the store is not as it should be: ')
    const found = await call('verify', '--json')
    expect(found.exitCode).toBe(5)
    expect(JSON.parse(found.stdout)).toMatchObject({ findings: [{ subject: `sha256:${first}` }] })
  })
})

describe('gc', () => {
  test('takes what no name needs, if it is old enough, and says before what that is', async () => {
    await pull('app:1')
    const before = await blobsOf(store)
    await done('rm', '-q', 'app:1')
    await done('gc', '-q')
    expect(await blobsOf(store)).toEqual(before)
    const dry = await done('gc', '--dry-run', '--min-age', '0')
    expect(dry.stdout.trim().split('\n').toSorted()).toEqual(before.map((hex) => `sha256:${hex}`))
    expect(dry.stderr).toMatch(new RegExp(`^would remove ${before.length} blobs, [\\d.]+ k?B\n$`))
    const { stdout } = await done('gc', '--min-age', '0', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, blobs: before.length })
    expect(await blobsOf(store)).toEqual([])
  })

  test('keeps what is named', async () => {
    await pull('app:1')
    const before = await blobsOf(store)
    expect((await done('gc', '--min-age', '0')).stderr).toBe('removed 0 blobs, 0 B\n')
    expect(await blobsOf(store)).toEqual(before)
  })
})

describe('tag and rm', () => {
  test('give and take names', async () => {
    await pull('app:1')
    const { stderr } = await done('tag', 'app:1', 'two', 'localhost:5000/three:3')
    expect(stderr).toBe('tagged docker.io/library/two:latest\ntagged localhost:5000/three:3\n')
    await done('tag', '-q', index.digest, 'four')
    expect(await names()).toHaveLength(4)
    expect((await done('rm', 'two', `four:latest@${index.digest}`)).stderr).toContain(
      'removed docker.io/library/two:latest\n',
    )
    expect(await names()).toEqual(['docker.io/library/app:1', 'localhost:5000/three:3'])
  })

  test('take away no name if one is not there, or stands for something else', async () => {
    await pull('app:1')
    const other = `sha256:${'0'.repeat(64)}`
    for (const missing of ['none', `app:1@${other}`, other]) {
      const { exitCode, stderr } = await call('rm', 'app:1', missing)
      expect({ exitCode, said: stderr.includes('crossdock store ls') }).toEqual({ exitCode: 2, said: true })
    }
    expect((await call('tag', 'none', 'x')).exitCode).toBe(2)
    expect((await call('tag', 'app:1', other)).exitCode).toBe(64)
    expect(await names()).toEqual(['docker.io/library/app:1'])
  })

  test('names of another namespace are others', async () => {
    await pull('app:1')
    await done('pull', '-q', '--namespace', 'team', '--platform', 'linux/amd64', '--name', 'app:2', from)
    expect(await names()).toEqual(['docker.io/library/app:1'])
    expect(await names('--namespace', 'team')).toEqual(['docker.io/library/app:2'])
    expect((await done('info', '--format', '{{json .Namespaces}}')).stdout).toBe('["default","team"]\n')
    expect((await call('ls', '--namespace', 'no such')).exitCode).not.toBe(0)
  })
})

describe('info and path', () => {
  test('say where the store is and what is in it', async () => {
    await pull('app:1')
    const info = JSON.parse((await done('info', '--json')).stdout) as Readonly<Record<string, unknown>>
    expect(info).toMatchObject({ Folder: store, Namespace: 'default', Images: 1, Ingests: 0, Leases: 0 })
    expect((await done('info')).stdout).toContain(`folder        ${store}\n`)
    const path = (await done('path', 'app:1')).stdout.trim()
    expect(path).toBe(join(store, 'blobs', ...index.digest.split(':')))
    expect(await readFile(path, 'utf8')).toContain('"manifests"')
    expect((await done('path', index.digest)).stdout.trim()).toBe(path)
    expect((await call('path', `sha256:${'0'.repeat(64)}`)).exitCode).toBe(2)
  })

  test('know where it would be', async () => {
    expect((await callMain(['store', 'path'], { env: { CROSSDOCK_STORE: '/a/b' } })).stdout).toBe('/a/b\n')
    const data = { XDG_DATA_HOME: '/data' }
    expect((await callMain(['store', 'path'], { env: data })).stdout).toBe(join('/data', 'crossdock', 'store\n'))
    expect((await callMain(['store', 'path', '--store', ''])).exitCode).toBe(64)
  })
})
