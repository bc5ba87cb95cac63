/** Where something was configured. */
export interface Origin {
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** `[[registry.mirror]]`: where images below the prefix may be read as well. */
export interface Mirror {
  /** What stands for the prefix there: `HOST[:PORT][/PATH]`. */
  readonly location: string
  readonly insecure: boolean
  /** For which references it is used. */
  readonly pull: 'all' | 'digest-only' | 'tag-only'
}

/** `[[registry]]`: how images are reached whose names begin with the prefix. */
export interface RegistryEntry {
  /** `HOST[:PORT][/PATH][:TAG|@DIGEST]` or `*.DOMAIN`. */
  readonly prefix: string
  /** What stands for the prefix when images are read; undefined, with a wildcard only, if names stay as they are. */
  readonly location: string | undefined
  readonly insecure: boolean
  readonly blocked: boolean
  readonly mirrors: readonly Mirror[]
  readonly origin: Origin
}

export type ShortNameMode = 'enforcing' | 'permissive' | 'disabled'

/** `[aliases]`: what a short name stands for. */
export interface ShortNameAlias {
  /** A repository with its host; undefined if an alias of that name in earlier files is taken back. */
  readonly target: string | undefined
  readonly origin: Origin
}

/** What one file of the form containers-registries.conf(5) says. What it leaves out is undefined. */
export interface RegistriesConfFile {
  readonly file: string
  readonly registries: readonly RegistryEntry[]
  readonly unqualifiedSearchRegistries: readonly string[] | undefined
  readonly credentialHelpers: readonly string[] | undefined
  readonly shortNameMode: ShortNameMode | undefined
  readonly additionalLayerStoreAuthHelper: string | undefined
  readonly aliases: ReadonlyMap<string, ShortNameAlias>
  /** What was read and has no effect: unknown keys, a prefix that was there before. `FILE:LINE:COLUMN: reason`. */
  readonly notes: readonly string[]
}

/** A value and the file that says so; undefined: it is the default. */
export interface Sourced<Value> {
  readonly value: Value
  readonly file: string | undefined
}

/** All files merged. */
export interface RegistriesConf {
  /** One for each prefix. */
  readonly registries: readonly RegistryEntry[]
  /** Where short names are looked for, in order. Default: nowhere. */
  readonly unqualifiedSearchRegistries: Sourced<readonly string[]>
  /**
   * Where credentials are looked for, in order: names of helpers (`docker-credential-NAME`), and `containers-auth.json` for the files. Default: the
   * files.
   */
  readonly credentialHelpers: Sourced<readonly string[]>
  /** Default: `permissive`. */
  readonly shortNameMode: Sourced<ShortNameMode>
  readonly additionalLayerStoreAuthHelper: Sourced<string> | undefined
  readonly aliases: ReadonlyMap<string, ShortNameAlias>
  readonly notes: readonly string[]
}
