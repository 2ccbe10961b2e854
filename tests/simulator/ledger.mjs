// SPDX-License-Identifier: Apache-2.0
//
// What a simulated provider saw and did, in order; entries are added, never
// taken away. Times are milliseconds since the epoch.
//
//   kind          `code`, `refresh`, `revoked_by_user`
//   life          the `life` of the query of the URL it came to: whose request it is
//   arrived       when its head came
//   presented     the code or refresh token; subject, family and serial of it
//   fault         which was played, if one was
//   committed     when the provider had decided; undefined: it never looked
//   verdict       `refreshed`, `founded`, or why not; `left`: the client had gone
//   issued        {accessToken, refreshToken, serial, expireTime, ...}
//   status        of the answer, where there was one
//   ended         when the exchange was over
//   delivered     whether the provider's own answer left whole
export class Ledger {
  entries = [];

  add(entry) {
    const added = { number: this.entries.length, ...entry };
    this.entries.push(added);
    return added;
  }

  // Every token set that was issued, by access token.
  issued() {
    return new Map(
      this.entries
        .filter((entry) => entry.issued)
        .map((entry) => [entry.issued.accessToken, entry.issued]),
    );
  }
}
