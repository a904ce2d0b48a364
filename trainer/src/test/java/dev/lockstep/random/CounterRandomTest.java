package dev.lockstep.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Positive;
import org.junit.jupiter.api.Test;

class CounterRandomTest {
  private static final int DRAWS = 200_000;

  @Test
  void aStreamThatIsReopenedGivesTheNumbersOfANewOne() {
    CounterRandom used = new CounterRandom(5);
    used.nextLong();
    CounterRandom fresh = new CounterRandom(CounterRandom.key(1, 2));

    CounterRandom reopened = used.reopen(CounterRandom.key(1, 2));

    assertThat(reopened.nextLong()).isEqualTo(fresh.nextLong());
    assertThat(reopened.nextLong()).isEqualTo(fresh.nextLong());
  }

  /** The first numbers that SplitMix64's published reference gives for the seed 1234567. */
  @Test
  void isSplitMix64() {
    CounterRandom random = new CounterRandom(1234567);

    assertThat(IntStream.range(0, 5).mapToLong(i -> random.nextLong()))
        .containsExactly(
            6457827717110365317L,
            3203168211198807973L,
            Long.parseUnsignedLong("9817491932198370423"),
            4593380528125082431L,
            Long.parseUnsignedLong("16408922859458223821"));
  }

  @Property
  void sameKeyGivesSameNumbers(@ForAll long seed, @ForAll long purpose) {
    CounterRandom one = new CounterRandom(CounterRandom.key(seed, purpose));
    CounterRandom other = new CounterRandom(CounterRandom.key(seed, purpose));

    for (int i = 0; i < 20; i++) {
      assertThat(one.nextLong()).isEqualTo(other.nextLong());
    }
  }

  @Test
  void neighbouringKeysDoNotCollide() {
    Set<Long> keys = new HashSet<>();
    for (long seed = -5; seed < 5; seed++) {
      for (long purpose = 0; purpose < 10; purpose++) {
        for (long detail = 0; detail < 10; detail++) {
          keys.add(CounterRandom.key(seed, purpose, detail));
          for (long place = 0; place < 100; place++) {
            keys.add(CounterRandom.key(seed, purpose, detail, place));
          }
        }
      }
    }

    assertThat(keys).hasSize(10 * 10 * 10 * 101);
  }

  @Test
  void orderOfWhatIsKeyedMatters() {
    assertThat(CounterRandom.key(1, 2, 3)).isNotEqualTo(CounterRandom.key(1, 3, 2));
    assertThat(CounterRandom.key(1, 2)).isNotEqualTo(CounterRandom.key(2, 1));
  }

  /** The correlation of n independent pairs stays within 5 / sqrt(n) in all but 1 of 10^6 cases. */
  @Test
  void streamsOfNeighbouringKeysAreUncorrelated() {
    for (long detail = 0; detail < 5; detail++) {
      CounterRandom one = new CounterRandom(CounterRandom.key(7, 1, detail));
      CounterRandom other = new CounterRandom(CounterRandom.key(7, 1, detail + 1));
      double sum = 0;
      for (int i = 0; i < DRAWS; i++) {
        sum += (one.nextDouble() - 0.5) * (other.nextDouble() - 0.5);
      }

      assertThat(12 * sum / DRAWS).isCloseTo(0, within(5 / Math.sqrt(DRAWS)));
    }
  }

  @Test
  void firstDrawsOfConsecutiveKeysAreUniform() {
    int[] counts = new int[16];
    for (int i = 0; i < DRAWS; i++) {
      counts[new CounterRandom(CounterRandom.key(1, 2, i)).nextInt(16)]++;
    }

    assertUniform(counts);
  }

  @Test
  void drawsOfOneStreamAreUniform() {
    CounterRandom random = new CounterRandom(CounterRandom.key(3, 4));
    int[] whole = new int[10];
    int[] real = new int[10];
    for (int i = 0; i < DRAWS; i++) {
      whole[random.nextInt(10)]++;
      real[(int) (random.nextDouble() * 10)]++;
    }

    assertUniform(whole);
    assertUniform(real);
  }

  @Property
  void wholeNumbersStayBelowTheirBound(@ForAll long key, @ForAll @Positive int bound) {
    CounterRandom random = new CounterRandom(key);

    for (int i = 0; i < 50; i++) {
      assertThat(random.nextInt(bound)).isBetween(0, bound - 1);
    }
  }

  @Test
  void boundMustBePositive() {
    CounterRandom random = new CounterRandom(1);

    assertThatThrownBy(() -> random.nextInt(0)).hasMessage("bound is 0 but must be > 0");
    assertThatThrownBy(() -> random.nextInt(-3)).hasMessage("bound is -3 but must be > 0");
  }

  @Property
  void realNumbersAreFromZeroToLessThanOne(@ForAll long key) {
    CounterRandom random = new CounterRandom(key);

    for (int i = 0; i < 50; i++) {
      assertThat(random.nextDouble()).isGreaterThanOrEqualTo(0).isLessThan(1);
    }
  }

  @Test
  void gaussianNumbersHaveTheMomentsOfTheStandardNormalDistribution() {
    CounterRandom random = new CounterRandom(CounterRandom.key(5, 6));
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
      double x = random.nextGaussian();
      sum += x;
      squares += x * x;
      fourth += x * x * x * x;
    }

    assertThat(sum / DRAWS).isCloseTo(0, within(5 / Math.sqrt(DRAWS)));
    assertThat(squares / DRAWS).isCloseTo(1, within(5 * Math.sqrt(2.0 / DRAWS)));
    assertThat(fourth / DRAWS).isCloseTo(3, within(5 * Math.sqrt(96.0 / DRAWS)));
  }

  @Property
  void shufflingKeepsEveryValue(@ForAll long key, @ForAll @IntRange(max = 200) int size) {
    int[] values = IntStream.range(0, size).toArray();

    new CounterRandom(key).shuffle(values);

    assertThat(values).containsExactlyInAnyOrder(IntStream.range(0, size).toArray());
  }

  @Test
  void everyOrderIsEquallyLikely() {
    int[] counts = new int[24];
    for (int i = 0; i < DRAWS; i++) {
      int[] values = {0, 1, 2, 3};
      new CounterRandom(CounterRandom.key(9, i)).shuffle(values);
      int rank = 0;
      for (int place = 0; place < 4; place++) {
        int smaller = 0;
        for (int later = place + 1; later < 4; later++) {
          smaller += values[later] < values[place] ? 1 : 0;
        }
        rank = rank * (4 - place) + smaller;
      }
      counts[rank]++;
    }

    assertUniform(counts);
  }

  @Test
  void maskOfStatelessBitsKeepsTheAskedFraction() {
    for (double keep : new double[] {0.1, 0.5, 0.7, 0.99}) {
      int threshold = (int) (keep * 0x1p32 + Integer.MIN_VALUE);
      for (int key : new int[] {0, 1, 2, 12345, -1}) {
        int kept = 0;
        for (int i = 0; i < DRAWS; i++) {
          kept += CounterRandom.bits(key, i) < threshold ? 1 : 0;
        }

        assertThat((double) kept / DRAWS)
            .as("kept of %s by key %d", keep, key)
            .isCloseTo(keep, within(5 * Math.sqrt(keep * (1 - keep) / DRAWS)));
      }
    }
  }

  @Property
  void statelessBitsAreAFunctionOfKeyAndIndex(@ForAll int key, @ForAll int index) {
    assertThat(CounterRandom.bits(key, index)).isEqualTo(CounterRandom.bits(key, index));
    assertThat(CounterRandom.bits(key, index)).isNotEqualTo(CounterRandom.bits(key, index + 1));
    assertThat(CounterRandom.bits(key, index)).isNotEqualTo(CounterRandom.bits(key + 1, index));
  }

  /** Pearson's statistic, against its mean plus six standard deviations. */
  private static void assertUniform(int[] counts) {
    double expected = (double) IntStream.of(counts).sum() / counts.length;
    double statistic = 0;
    for (int count : counts) {
      statistic += (count - expected) * (count - expected) / expected;
    }
    int freedom = counts.length - 1;
    assertThat(statistic).isLessThan(freedom + 6 * Math.sqrt(2.0 * freedom));
  }
}
