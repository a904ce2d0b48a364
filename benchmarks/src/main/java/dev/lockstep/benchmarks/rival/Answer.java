package dev.lockstep.benchmarks.rival;

/**
 * What a process answers to an {@link Assignment}.
 *
 * @param examples learned from
 * @param seconds that took
 * @param loss of the last batch, mean over its examples
 */
public record Answer(long examples, double seconds, double loss) {
  /** What every answer begins with: native libraries may write to standard output too. */
  private static final String MARK = "trained ";

  /** One line of text, from which {@link #of} makes an equal answer. */
  String line() {
    return MARK + examples + " " + seconds + " " + loss;
  }

  /** Whether {@code line} is an answer. */
  public static boolean is(String line) {
    return line.startsWith(MARK);
  }

  /** The answer that {@code line} says. */
  public static Answer of(String line) {
    String[] words = line.substring(MARK.length()).split(" ");
    return new Answer(
        Long.parseLong(words[0]), Double.parseDouble(words[1]), Double.parseDouble(words[2]));
  }
}
