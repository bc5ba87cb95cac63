import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { bytesBelow } from '../src/files-below.ts'
import { namesIn } from '../src/layout-content.ts'
import { type LoggedRequest, startNginx, certificates, tlsServer } from '../src/nginx.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
/** Long ago, so that the dates of two files differ, and prove something. */
const [ONCE, LATER] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')]

describe('archives behind nginx over TLS', () => {
  withPeers(['nginx'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let image: WrittenImage
    let other: WrittenImage
    let builder: Crossdock

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      builder = await createCrossdock(fresh('builder'))
      image = await writeLayout(fresh('image'), { layers: [24 * MIB, MIB], content: 'random' })
      other = await writeLayout(fresh('other'), { layers: [24 * MIB, MIB], content: 'random' })
    })
    afterAll(() => stack.disposeAsync())

    interface Site {
      readonly crossdock: Crossdock
      readonly host: string
      /** For files beside the archive. */
      readonly folder: string
      /** Puts an archive of the image, or other bytes, behind the URL; says how many there are. */
      put(content: WrittenImage | string, date?: Date): Promise<number>
      /** The command line that copies it into a layout. */
      copying(layout: string, flags?: readonly string[]): readonly string[]
      /** Copies it, and verifies that it is this image. */
      expectCopied(image: WrittenImage, flags?: readonly string[]): Promise<void>
      /** What was asked of nginx; ends it. */
      asked(): Promise<readonly LoggedRequest[]>
    }

    async function site(location = ''): Promise<Site> {
      const folder = fresh('files')
      await mkdir(folder)
      const nginx = stack.use(
        await startNginx(paths.nginx, {
          folder: fresh('nginx'),
          http: (host) => tlsServer(host, `root ${folder}; location / { ${location} }`),
        }),
      )
      const [host = ''] = nginx.hosts
      const crossdock = await createCrossdock(fresh('home'))
      const copying = (layout: string, flags: readonly string[] = []): readonly string[] => [
        'copy',
        '--src-cert-dir',
        certificates,
        ...flags,
        `https://${host}/app.tar#app`,
        `oci:${layout}:here`,
      ]
      return {
        crossdock,
        host,
        folder,
        put: async (content, date = ONCE) => {
          const file = join(folder, 'app.tar')
          if (typeof content === 'string') await writeFile(file, content)
          else await builder.done(['copy', `oci:${content.folder}:latest`, `oci-archive:${file}:app`])
          await utimes(file, date, date)
          return (await stat(file)).size
        },
        copying,
        expectCopied: async ({ digest }, flags) => {
          const layout = fresh('copied')
          await crossdock.done(copying(layout, flags))
          expect(await namesIn(layout)).toStrictEqual(new Map([['here', digest]]))
          expect(await verifyLayout(layout, { root: digest })).toMatchObject({ problems: [], unreached: [] })
        },
        asked: () => nginx.finish(),
      }
    }

    /** Kills a copy when a third of the archive has arrived; says how much had been written. */
    async function interrupted({ crossdock, copying }: Site, signal: NodeJS.Signals): Promise<number> {
      await using copy = crossdock.start(copying(fresh('never')))
      const cache = join(crossdock.env['XDG_CACHE_HOME'] ?? '', 'crossdock/http/parts')
      await expect.poll(() => bytesBelow(cache).catch(() => 0), { timeout: 60_000 }).toBeGreaterThan(8 * MIB)
      const { exitCode } = await copy.kill(signal)
      expect(exitCode).toBeGreaterThan(128)
      return await bytesBelow(cache)
    }

    it('are copied, asked for anew, and downloaded anew when they change', async () => {
      const there = await site()
      const size = await there.put(image)
      await there.expectCopied(image)
      await there.expectCopied(image)
      const newSize = await there.put(other, LATER)
      await there.expectCopied(other)
      const asked = await there.asked()
      expect(asked.filter(({ status }) => status === 200).map(({ sent }) => sent)).toEqual([size, newSize])
      expect(asked.every(({ status }) => status === 200 || status === 304)).toBe(true)
    })

    it('are not asked for while they are fresh', async () => {
      const there = await site('add_header Cache-Control "public, max-age=600";')
      await there.put(image)
      await there.expectCopied(image)
      const { stdout } = await there.crossdock.done([
        'inspect',
        '--raw',
        '--cert-dir',
        certificates,
        `https://${there.host}/app.tar`,
      ])
      expect(stdout.toString()).toContain(image.config)
      expect(await there.asked()).toHaveLength(1)
    })

    it.each(['SIGKILL', 'SIGTERM'] as const)('go on after %s where the download stopped', async (signal) => {
      const there = await site('limit_rate 12m;')
      const size = await there.put(image)
      const written = await interrupted(there, signal)
      await there.expectCopied(image)
      const asked = await there.asked()
      const [resumed] = asked.filter(({ status }) => status === 206)
      const from = Number(/^bytes=(\d+)-$/.exec(resumed?.range ?? '')?.[1])
      expect(written - from).toBeLessThan(64 * 1024) // and what says what it is of
      expect(from).toBeGreaterThan(8 * MIB)
      expect(resumed?.sent).toBe(size - from)
      expect(asked.filter(({ status, sent }) => status === 200 && sent === size)).toEqual([])
      expect(await readdir(join(there.crossdock.env['XDG_CACHE_HOME'] ?? '', 'crossdock/http/parts'))).toEqual([])
    })

    it('begin anew when they have changed since the interruption', async () => {
      const there = await site('limit_rate 12m;')
      await there.put(image)
      await interrupted(there, 'SIGKILL')
      const size = await there.put(other, LATER)
      await there.expectCopied(other)
      const whole = (await there.asked()).filter(({ status, sent }) => status === 200 && sent === size)
      expect(whole.map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=/)])
    })

    it('are given to whoever may have them, by flag and by what rkt has configured', async () => {
      const users = fresh('users')
      await writeFile(users, 'me:{PLAIN}s3cret')
      const there = await site(`auth_basic files; auth_basic_user_file ${users};`)
      await there.put(image)
      const refused = await there.crossdock.run(there.copying(fresh('never')))
      expect(refused.exitCode).toBe(3)
      expect(refused.stderr).toContain('--src-creds USER:PASSWORD')
      await there.expectCopied(image, ['--src-creds', 'me:s3cret'])
      const folder = join(there.crossdock.env['HOME'] ?? '', 'etc/rkt/auth.d')
      await mkdir(folder, { recursive: true })
      const credentials = { user: 'me', password: 's3cret' }
      const auth = { rktKind: 'auth', rktVersion: 'v1', domains: [there.host], type: 'basic', credentials }
      await writeFile(join(folder, 'files.json'), JSON.stringify(auth))
      await there.expectCopied(image)
      const asked = await there.asked()
      expect(asked.filter(({ status }) => status === 401)).toHaveLength(1)
    })

    it('that are not there, or no images, end with a clear error', async () => {
      const there = await site()
      const missing = await there.crossdock.run(there.copying(fresh('never')))
      expect(missing.exitCode).toBe(2)
      expect(missing.stderr).toContain(`https://${there.host}/app.tar`)
      await there.put('<html>')
      const page = await there.crossdock.run(there.copying(fresh('never')))
      expect(page.exitCode).toBe(5)
      expect(page.stderr).toContain(`the archive https://${there.host}/app.tar`)
      const untrusted = await there.crossdock.run(['inspect', `https://${there.host}/app.tar?token=s3cret`])
      expect(untrusted.stderr).toMatch(/certificate is not trusted[\s\S]*--cert-dir/)
      expect(untrusted.stderr).not.toContain('s3cret')
    })
  })
})
