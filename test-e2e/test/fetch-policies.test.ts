import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aciBytes } from '../src/aci-bytes.ts'
import { type AppcSite, startAppcSite } from '../src/appc-site.ts'
import { bytesBelow } from '../src/files-below.ts'
import { expectRefused, fetched, storedNames } from '../src/fetched.ts'
import type { LoggedRequest } from '../src/nginx.ts'
import { rawTar } from '../src/raw-tar.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const app = (name: string): string => `appc:apps.test/${name}:1.0`
const [TOP, MID, BASE, SIDE] = [app('top'), app('mid'), app('base'), app('side')]

interface Dependency {
  readonly imageName: string
  readonly labels: readonly object[]
}

function on(name: string, more: object = {}): Dependency {
  return { imageName: `apps.test/${name}`, labels: [{ name: 'version', value: '1.0' }], ...more }
}

/** The archives that were asked for, in order, and how it was answered. */
function archives(requests: readonly LoggedRequest[]): readonly string[] {
  return requests.flatMap(({ uri, status }) => {
    const [, name] = /([^/]+)-1\.0\.aci$/.exec(uri) ?? []
    return name === undefined ? [] : [`${name} ${status}`]
  })
}

describe('fetching from nginx over TLS', () => {
  withPeers(['nginx'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
    })
    afterAll(() => stack.disposeAsync())

    const newSite = (files = ''): Promise<AppcSite> => startAppcSite(paths.nginx, { fresh, files })

    /** `top` depends on `mid` and `base`, both others on `base`. */
    async function familySite(): Promise<AppcSite> {
      const site = await newSite()
      await site.put({ name: 'apps.test/base' })
      for (const name of ['mid', 'side']) await site.put({ name: `apps.test/${name}`, dependencies: [on('base')] })
      await site.put({ name: 'apps.test/top', dependencies: [on('mid'), on('base')] })
      return site
    }

    describe('what an image depends on', () => {
      it('is asked for once, and kept under its own name for the next that needs it', async () => {
        await using site = await familySite()
        const machine = await site.machine()
        const [top] = await fetched(machine, [TOP])
        expect(top).toMatchObject({ name: TOP, isFetched: true, dependencies: [MID, BASE] })
        expect(archives(await site.asked())).toEqual(['top 200', 'mid 200', 'base 200'])
        expect(await storedNames(machine)).toEqual([BASE, MID, TOP])
        expect(await fetched(machine, ['--pull-policy', 'new', SIDE])).toMatchObject([
          { name: SIDE, isFetched: true, dependencies: [] },
        ])
        expect(archives(await site.asked())).toEqual(['side 200'])
        await machine.done(['store', 'verify'])
      })

      it('is asked for once, whether an ID is asked for or not', async () => {
        await using site = await newSite()
        const imageID = await site.put({ name: 'apps.test/base' })
        await site.put({ name: 'apps.test/mid', dependencies: [on('base', { imageID: imageID.slice(0, 30) })] })
        await site.put({ name: 'apps.test/top', dependencies: [on('mid'), on('base', { imageID }), on('base')] })
        expect(await fetched(await site.machine(), [TOP])).toMatchObject([{ dependencies: [MID, BASE] }])
        expect(archives(await site.asked())).toEqual(['top 200', 'mid 200', 'base 200'])
      })

      it('makes the image that a copy without a store makes, wherever its archive lies', async () => {
        await using site = await familySite()
        const machine = await site.machine()
        const file = `${fresh('top')}.aci`
        await writeFile(file, aciBytes({ name: 'apps.test/top', dependencies: [on('mid'), on('base')] }))
        const [top] = await fetched(await site.machine(), [TOP])
        for (const from of [TOP, `${site.url}/apps.test/top-1.0.aci`, `aci:${file}`]) {
          const layout = fresh('layout')
          await site.asked()
          await machine.done(['copy', '-q', from, `oci:${layout}:x`])
          const asked = archives(await site.asked()).map((answer) => answer.split(' ')[0])
          expect(asked.filter((name) => name !== 'top')).toEqual(['mid', 'base'])
          const { stdout } = await machine.done(['digest', `oci:${layout}:x`])
          expect(stdout.toString().trim()).toBe(top?.digest)
        }
      })

      it('is left out where nobody wants it, and comes when somebody does', async () => {
        await using site = await familySite()
        const machine = await site.machine()
        const [alone] = await fetched(machine, ['--no-deps', TOP])
        expect(alone).toMatchObject({ isFetched: true, dependencies: [] })
        expect(archives(await site.asked())).toEqual(['top 200'])
        expect(await storedNames(machine)).toEqual([TOP])
        const [whole] = await fetched(machine, ['--pull-policy', 'new', TOP])
        expect(whole).toMatchObject({ isFetched: true, dependencies: [MID, BASE], imageId: alone?.imageId })
        expect(whole?.digest).not.toBe(alone?.digest)
        expect(archives(await site.asked())).toEqual(['top 304', 'mid 200', 'base 200'])
      })

      it.each<[string, Parameters<AppcSite['put']>[0][], number, RegExp]>([
        [
          'leads in a circle',
          [
            { name: 'apps.test/top', dependencies: [on('mid')] },
            { name: 'apps.test/mid', dependencies: [on('top')] },
          ],
          5,
          /in a circle: apps\.test\/top → apps\.test\/mid → apps\.test\/top/,
        ],
        [
          'has another ID than was said',
          [
            { name: 'apps.test/top', dependencies: [on('mid', { imageID: `sha512-${'ab'.repeat(64)}` })] },
            { name: 'apps.test/mid' },
          ],
          5,
          /depends on apps\.test\/mid with the ID sha512-abab.*what was found is apps\.test\/mid, sha512-/,
        ],
        [
          'has another size than was said',
          [{ name: 'apps.test/top', dependencies: [on('mid', { size: 1 })] }, { name: 'apps.test/mid' }],
          5,
          /depends on apps\.test\/mid of 1 bytes/,
        ],
        [
          'is not there',
          [{ name: 'apps.test/top', dependencies: [on('mid')] }],
          2,
          /https:\/\/apps\.test\/files\/apps\.test\/mid-1\.0\.aci/,
        ],
      ])('refuses the image if it %s', async (_what, contents, exitCode, says) => {
        await using site = await newSite()
        for (const content of contents) await site.put(content)
        const machine = await site.machine()
        await expectRefused(machine, [TOP], { exitCode, says })
        expect(await storedNames(machine)).toEqual([])
      })
    })

    it('says as much as is wanted, as it is wanted', async () => {
      await using site = await familySite()
      const machine = await site.machine()
      const quiet = await machine.done(['fetch', '--quiet', TOP])
      expect([quiet.stdout.toString(), quiet.stderr]).toEqual([`${TOP}\n`, ''])
      const json = await machine.done(['fetch', '--progress', 'json', SIDE])
      const again = await machine.done(['fetch', '--progress', 'json', '--pull-policy', 'new', SIDE])
      const types = [json, again].map(({ stderr }) =>
        stderr
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { readonly type: string }).type),
      )
      expect(types[0]).toContain('done')
      expect(new Set(types[1])).toEqual(new Set(['note']))
      const told = await machine.done(['fetch', '--pull-policy', 'new', SIDE])
      expect(told.stderr).toContain(`${SIDE} is in the store already (sha256:`)
    })

    describe('the pull policy', () => {
      it('asks nobody for what is in the store, except to update it', async () => {
        await using site = await familySite()
        const machine = await site.machine()
        await expectRefused(machine, ['--pull-policy', 'never', TOP], {
          exitCode: 2,
          says: /top:1\.0 is not in the store.*--pull-policy new/,
        })
        expect(await site.asked()).toEqual([])
        const [first] = await fetched(machine, ['--pull-policy', 'new', TOP])
        await site.asked()
        for (const policy of ['new', 'never']) {
          const [again] = await fetched(machine, ['--pull-policy', policy, TOP])
          expect(again).toStrictEqual({ ...first, isFetched: false, dependencies: [] })
        }
        expect(await site.asked()).toEqual([])
        const [updated] = await fetched(machine, [TOP])
        expect(updated?.digest).toBe(first?.digest)
        expect(archives(await site.asked())).toEqual(['top 304', 'mid 304', 'base 304'])
      })

      it('brings what has changed, down to what it depends on', async () => {
        await using site = await familySite()
        const machine = await site.machine()
        const [first] = await fetched(machine, [TOP])
        const file = { path: 'rootfs/new', content: 'changed' }
        await site.put({ name: 'apps.test/base', files: [file] })
        const [kept] = await fetched(machine, ['--pull-policy', 'new', TOP])
        expect(kept?.digest).toBe(first?.digest)
        await site.asked()
        const [updated] = await fetched(machine, ['--pull-policy', 'update', TOP])
        expect(updated?.digest).not.toBe(first?.digest)
        expect(archives(await site.asked())).toEqual(['top 304', 'mid 304', 'base 200'])
        expect((await machine.done(['ls', `store:${TOP}`])).stdout.toString()).toContain('new')
      })

      it('holds without a network, and leaves the store as it was where one is needed', async () => {
        await using site = await familySite()
        const machine = await site.machine()
        const [first] = await fetched(machine, [TOP])
        const before = (await machine.done(['store', 'ls', '--json'])).stdout.toString()
        await site.stop()
        for (const policy of ['new', 'never']) {
          expect(await fetched(machine, ['--pull-policy', policy, TOP])).toMatchObject([{ digest: first?.digest }])
        }
        await expectRefused(machine, [TOP], { exitCode: 6, says: 'apps.test' })
        await expectRefused(machine, ['--pull-policy', 'new', SIDE], { exitCode: 6, says: 'apps.test' })
        expect((await machine.done(['store', 'ls', '--json'])).stdout.toString()).toBe(before)
        await machine.done(['store', 'verify'])
      })
    })

    describe('what the server says of a URL', () => {
      it.each([
        ['fresh for an hour', 'add_header Cache-Control "max-age=3600";', []],
        ['nothing but a validator', '', ['app 304']],
        ['that it asks each time, whatever its age', 'add_header Cache-Control "no-cache, max-age=10";', ['app 304']],
        ['that nobody keeps it', 'add_header Cache-Control "no-store";', ['app 200']],
      ])('counts in the next update: %s', async (_what, files, asked) => {
        await using site = await newSite(files)
        await site.put({ name: 'app' })
        const machine = await site.machine()
        const url = `${site.url}/app-1.0.aci`
        const [first] = await fetched(machine, [url])
        expect(archives(await site.asked())).toEqual(['app 200'])
        const [again] = await fetched(machine, ['--pull-policy', 'update', url])
        expect(again?.digest).toBe(first?.digest)
        expect(archives(await site.asked())).toEqual(asked)
      })
    })

    describe('what must not be there', () => {
      it.each([
        ['a path that leads out', rawTar([{ path: 'rootfs/', kind: '5' }, { path: 'rootfs/../../etc/passwd' }])],
        ['no image', Buffer.from('<html>')],
        ['nothing', Buffer.of()],
      ])('is refused and not kept: %s', async (_what, bytes) => {
        await using site = await newSite()
        await site.putFile('apps.test/top-1.0.aci', bytes)
        const machine = await site.machine()
        for (const image of [`${site.url}/apps.test/top-1.0.aci`, TOP]) {
          await expectRefused(machine, [image], { exitCode: 5, says: 'top-1.0.aci' })
        }
        expect(await storedNames(machine)).toEqual([])
        expect(await bytesBelow(`${machine.env['XDG_DATA_HOME']}/crossdock/store/blobs`)).toBe(0)
      })

      it('is refused where another image lies behind the name', async () => {
        await using site = await newSite()
        await site.putFile('apps.test/top-1.0.aci', aciBytes({ name: 'apps.test/other' }))
        const machine = await site.machine()
        await expectRefused(machine, [TOP], { exitCode: 5, says: /its name is "apps.test\/other"/ })
        expect(await storedNames(machine)).toEqual([])
      })
    })
  })
})
