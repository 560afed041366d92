/** Of all commands that fetch the keys of token issuers, or have them fetched. */
export const jwksCaOption = ['--jwks-ca <file>', 'certificates (PEM) trusted beside those of the system where the keys of token issuers are fetched'] as const;
