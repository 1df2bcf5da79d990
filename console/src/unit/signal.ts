/** A new incident is felt and heard: two short tones and a buzz, as far as this phone allows. */
const TONES_HZ = [880, 1175];

export function signal(): void {
  navigator.vibrate?.([300, 150, 300]);
  try {
    const audio = new AudioContext();
    TONES_HZ.forEach((frequency, index) => {
      const tone = audio.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(audio.destination);
      tone.start(audio.currentTime + index * 0.25);
      tone.stop(audio.currentTime + index * 0.25 + 0.2);
    });
    setTimeout(() => void audio.close(), 1000);
  } catch {
    // No sound before the first touch: the buzz and the screen remain.
  }
}
