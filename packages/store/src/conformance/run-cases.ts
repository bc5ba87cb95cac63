/** A rule as something that can be run on a fresh fixture. */
export interface StoreCase<Fixture> {
  /** `topic/what-holds`. */
  readonly id: string
  /** The rule in one sentence. */
  readonly rule: string
  /** Rejects with an `AssertionError` if the rule is broken. */
  run(fixture: Fixture): Promise<void>
}

/** What every fixture may have. */
export interface DisposableFixture {
  dispose?(): Promise<void>
}

export interface RunCasesOptions<Fixture extends DisposableFixture> {
  /** `test` or `it` of vitest, of node:test, or of anything else that takes a name and a function. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Groups the cases under one name. Default: they are not grouped. */
  readonly describe?: ((name: string, body: () => void) => unknown) | undefined
  /** The group's name. Default: `store contract`. */
  readonly title?: string | undefined
  /** Makes a fresh store for one case. */
  readonly fixture: () => Promise<Fixture>
}

/** Declares a test for each case. */
export function runCases<Fixture extends DisposableFixture>(
  cases: readonly StoreCase<Fixture>[],
  { test, describe, title = 'store contract', fixture }: RunCasesOptions<Fixture>,
): void {
  const declare = (): void => {
    for (const one of cases) test(`${one.id}: ${one.rule}`, async () => await runCase(one, await fixture()))
  }
  if (describe === undefined) declare()
  else describe(title, declare)
}

async function runCase<Fixture extends DisposableFixture>(one: StoreCase<Fixture>, fixture: Fixture): Promise<void> {
  try {
    await one.run(fixture)
  } finally {
    await fixture.dispose?.()
  }
}
