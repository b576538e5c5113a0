/** The name at the end of a name of resource (`arn:…:role/some/path/NAME`), or the name itself. */
export function nameInArn(arn: string): string {
  return arn.split("/").at(-1) ?? arn;
}
