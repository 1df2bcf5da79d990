/** One of a few words, all of them seen at once: radio buttons under a legend. */
interface ChoicesProps<Value extends string> {
  legend: string;
  /** Of the group within its form. */
  name: string;
  values: readonly Value[];
  chosen: Value | null;
  word: (value: Value) => string;
  onChoose: (value: Value) => void;
}

export function Choices<Value extends string>({ legend, name, values, chosen, word, onChoose }: ChoicesProps<Value>) {
  return (
    <fieldset className="field choices">
      <legend>{legend}</legend>
      {values.map((one) => (
        <label key={one} className="check">
          <input type="radio" name={name} value={one} checked={chosen === one} onChange={() => onChoose(one)} />
          {word(one)}
        </label>
      ))}
    </fieldset>
  );
}
