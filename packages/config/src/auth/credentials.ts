/** What proves who the user is at one registry, as `@crossdock/http` takes it. */
export type Credentials = PasswordCredentials | IdentityTokenCredentials | RegistryTokenCredentials

export interface PasswordCredentials {
  readonly username: string
  readonly password: string
}

/** A refresh token (OAuth 2), exchanged at the token service for access tokens. */
export interface IdentityTokenCredentials {
  readonly identityToken: string
  readonly username?: string | undefined
}

/** A finished Bearer token, sent as it is. */
export interface RegistryTokenCredentials {
  readonly registryToken: string
}

/** Where credentials are kept. Nothing of it is secret. */
export interface CredentialsOrigin {
  /** The file that holds them, or names the helper that does. Undefined for a helper of registries.conf. */
  readonly file?: string | undefined
  /** The key of the file, or what the helper is asked: `quay.io`, `quay.io/team`, `https://index.docker.io/v1/`. */
  readonly key: string
  /** The program that keeps them: `docker-credential-…`. */
  readonly helper?: string | undefined
}

export interface FoundCredentials {
  readonly credentials: Credentials
  readonly from: CredentialsOrigin
}

/** Whose credentials are wanted. */
export interface CredentialsQuery {
  /** Host and, unless it is 443, port, as users type it: `registry.example.com:5000`, `docker.io` for Docker Hub. */
  readonly host: string
  /** The repository within it, `library/alpine`. Default: none, only what counts for the whole host is found. */
  readonly repository?: string | undefined
}

/** The user name beside a secret that is an identity token and no password. */
export const TOKEN_USERNAME = '<token>'

/** Undefined if both are empty, which tools write where somebody is not logged in. */
export function passwordOrToken(username: string, secret: string): Credentials | undefined {
  if (username === TOKEN_USERNAME) return secret === '' ? undefined : { identityToken: secret }
  return username === '' && secret === '' ? undefined : { username, password: secret }
}
