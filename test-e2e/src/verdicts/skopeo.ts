import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fillIn } from './fill-in.ts'

/** `invalid`: the policy itself is refused, whatever the image is. */
export type Verdict = 'accepted' | 'rejected' | 'invalid'

export interface Trial {
  readonly policy: string
  readonly image: string
  /** Values for `{{NAME}}` in the policy. */
  readonly values: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
}

/** What skopeo says of an image under a policy. Throws if it fails for another reason. */
export async function judge(trial: Trial, work: string): Promise<Verdict> {
  mkdirSync(work, { recursive: true })
  const policy = join(work, 'policy.json')
  writeFileSync(policy, fillIn(trial.policy, trial.values))
  const out = join(work, 'out')
  const { code, stderr } = await skopeo(
    ['--policy', policy, ...(trial.flags ?? []), 'copy', '-q', trial.image, `dir:${out}`],
    work,
  )
  rmSync(out, { recursive: true, force: true })
  if (code === 0) return 'accepted'
  if (/Error loading trust policy/.test(stderr)) return 'invalid'
  if (/Source image rejected/.test(stderr)) return 'rejected'
  throw new Error(`${trial.image} under ${trial.policy}:\n${stderr}`)
}

function skopeo(args: readonly string[], home: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), TMPDIR: home }
  return new Promise((resolve) => {
    execFile('skopeo', args, { env }, (error, _stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, stderr })
    })
  })
}

export function skopeoVersion(): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('skopeo', ['--version'], (error, stdout) => {
      if (error === null) resolve(stdout.trim())
      else reject(error)
    })
  })
}
