// What is wrong with an IBAN (ISO 13616), in words.

/** Characters of an IBAN, for the countries that we pay to. */
const LENGTHS = { AT: 20, BE: 16, CH: 21, DE: 22, ES: 24, FR: 27, GB: 22, IT: 27, NL: 18, PL: 28 };

/**
 * The faults of an IBAN, worst first; an empty list for a sound one.
 * @param {string} iban without spaces
 * @returns {string[]}
 */
export function faultsOf(iban) {
  if (!/^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$/.test(iban)) {
    return ["an IBAN is two letters, two digits, then capital letters and digits without spaces"];
  }
  const country = iban.slice(0, 2);
  const length = LENGTHS[country];
  if (length === undefined) {
    return [`we pay no accounts in ${country}`];
  }
  if (iban.length !== length) {
    return [`an IBAN of ${country} has ${length} characters, and this one ${iban.length}`];
  }
  return remainder(iban) === 1 ? [] : ["the checksum of the IBAN is wrong: a character is not what it should be"];
}

/** The remainder by 97, digit for digit: the whole number is larger than what a JavaScript number can hold. */
function remainder(iban) {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    for (const digit of String(parseInt(character, 36))) {
      rest = (rest * 10 + Number(digit)) % 97;
    }
  }
  return rest;
}
