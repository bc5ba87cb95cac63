import type { CopyOptions } from '@crossdock/copy'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addCopyFlags, copyOptions } from '../src/copy-flags.ts'
import { UsageError } from '../src/failure.ts'

function options(...argv: string[]): Promise<CopyOptions> {
  const command = new Command()
    .exitOverride()
    .option('--override-os <os>')
    .option('--override-arch <arch>')
    .option('--override-variant <variant>')
  addCopyFlags(command)
  return copyOptions(command.parse(argv, { from: 'user' }).opts())
}

test.each<[string[], CopyOptions]>([
  [[], {}],
  [['--all'], { platforms: 'all' }],
  [['--multi-arch', 'all'], { platforms: 'all' }],
  [['--multi-arch', 'system'], {}],
  [['--multi-arch=linux/amd64,linux/arm64'], { platforms: ['linux/amd64', 'linux/arm64'] }],
  [['--platform', 'linux/arm64'], { platform: 'linux/arm64' }],
  [['--platform', 'linux/*'], { platforms: ['linux/*'] }],
  [['--platform', 'linux/amd64', '--platform', 'linux/arm64'], { platforms: ['linux/amd64', 'linux/arm64'] }],
  [['--override-arch', 'arm', '--override-variant', 'v7'], { platform: 'linux/arm/v7' }],
  [['--override-os', 'windows', '--override-arch', 'amd64'], { platform: 'windows/amd64' }],
])('%j chooses %j', async (argv, expected) => {
  const { platform, platforms } = await options(...argv)
  expect({ platform, platforms }).toEqual({ platform: expected.platform, platforms: expected.platforms })
})

test.each([
  [['--all', '--platform', 'linux/amd64']],
  [['--all', '--multi-arch', 'all']],
  [['--multi-arch', 'index-only']],
  [['--platform', 'no platform']],
  [['--platform', 'linux/amd64/v1/more']],
  [['--override-os', 'linux']],
])('%j makes no sense', async (argv) => {
  await expect(options(...argv)).rejects.toThrow(UsageError)
})

test('the other flags arrive in the options', async () => {
  const argv = ['--subset', 'sparse', '--preserve-digests', '--referrers', '--remove-signatures']
  expect(
    await options(...argv, '--image-parallel-copies', '3', '--retry-times', '0', '--retry-delay', '2s'),
  ).toMatchObject({
    subset: 'sparse',
    preserveDigests: true,
    referrers: true,
    signatures: 'drop',
    concurrency: 3,
    attempts: 1,
    retryDelayMs: 2000,
  })
  expect(await options()).toMatchObject({ preserveDigests: false, referrers: false, signatures: 'copy' })
})

test.each([
  ['', undefined],
  ['--format oci', 'oci'],
  ['-f v2s2', 'docker'],
  ['--format=v2s1', 'schema1'],
])('"%s" asks for the format %s', async (flags, format) => {
  expect((await options(...flags.split(' ').filter((word) => word !== ''))).format).toBe(format)
})

test.each([
  ['', undefined],
  ['--dest-compress', { format: 'gzip', level: undefined, force: false }],
  ['--dest-compress-format zstd --dest-compress-level 7', { format: 'zstd', level: 7, force: false }],
  ['--dest-compress-format gzip --dest-force-compress-format', { format: 'gzip', level: undefined, force: true }],
  ['--dest-compress-format none', { format: 'none', level: undefined, force: false }],
  ['--dest-decompress', { format: 'none', level: undefined }],
])('"%s" says how layers are packed', async (flags, layers) => {
  expect((await options(...flags.split(' ').filter(Boolean))).layers).toEqual(layers)
})

test.each(['--dest-decompress --dest-compress', '--dest-compress-level 3', '--dest-force-compress-format'])(
  '"%s" says nothing that could be done',
  async (flags) => {
    await expect(options(...flags.split(' '))).rejects.toThrow(UsageError)
  },
)
