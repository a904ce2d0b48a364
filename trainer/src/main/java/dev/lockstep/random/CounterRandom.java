package dev.lockstep.random;

/**
 * A random stream addressed by a key: the same key gives the same numbers, whoever asks, in
 * whatever order streams are opened. A key is made of the seed and of what the stream is for
 * ({@link #key}).
 *
 * <p>The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", OOPSLA 2014). Not thread-safe: one stream belongs to one thread.
 */
public final class CounterRandom {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /** Opens the stream of {@code key}. */
  public CounterRandom(long key) {
    this.state = key;
  }

  /** Opens the stream of {@code key} in place of this one, which costs no memory; returns this. */
  public CounterRandom reopen(long key) {
    state = key;
    return this;
  }

  /** The key of what {@code seed} gives to {@code purpose}; different purposes are independent. */
  public static long key(long seed, long purpose) {
    return mix(mix(seed + GOLDEN_GAMMA) ^ (purpose * 0xD1342543DE82EF95L + GOLDEN_GAMMA));
  }

  /** The key of {@code (seed, purpose, detail)}. */
  public static long key(long seed, long purpose, long detail) {
    return key(key(seed, purpose), detail);
  }

  /** The key of {@code (seed, purpose, detail, place)}. */
  public static long key(long seed, long purpose, long detail, long place) {
    return key(key(seed, purpose, detail), place);
  }

  /** Mixes 64 bits so that every bit of the result depends on every bit of {@code z}. */
  public static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * Draw number {@code index} of the 32-bit stream {@code key}, without any state: for inner loops
   * that the JIT vectorises. The mixer is Chris Wellons' "lowbias32"
   * (nullprogram.com/blog/2018/07/31).
   */
  public static int bits(int key, int index) {
    int h = skip(key, index);
    h = (h ^ (h >>> 16)) * 0x7FEB352D;
    h = (h ^ (h >>> 15)) * 0x846CA68B;
    return h ^ (h >>> 16);
  }

  /** The key of stream {@code key} without its first {@code count} draws. */
  public static int skip(int key, int count) {
    return key + count * 0x9E3779B9;
  }

  /** The next 64 random bits. */
  public long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /**
   * A whole number from 0 to {@code bound - 1}, each equally likely.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public int nextInt(int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound is " + bound + " but must be > 0");
    }
    long bits = nextLong() >>> 33;
    long value = bits % bound;
    while (bits - value + (bound - 1) > Integer.MAX_VALUE) {
      bits = nextLong() >>> 33;
      value = bits % bound;
    }
    return (int) value;
  }

  /** A number from 0 (inclusive) to 1 (exclusive) with 53 random bits. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** A draw from the standard normal distribution (Box and Muller, 1958). */
  public double nextGaussian() {
    double radius = Math.sqrt(-2 * Math.log(1 - nextDouble()));
    return radius * Math.cos(2 * Math.PI * nextDouble());
  }

  /** Puts {@code values} in a random order (Fisher and Yates). */
  public void shuffle(int[] values) {
    for (int last = values.length - 1; last > 0; last--) {
      int other = nextInt(last + 1);
      int kept = values[last];
      values[last] = values[other];
      values[other] = kept;
    }
  }
}
