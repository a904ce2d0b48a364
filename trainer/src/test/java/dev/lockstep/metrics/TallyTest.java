package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.random.CounterRandom;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TallyTest {
  @Test
  void meansAreSumsOverExamplesDividedOnce() {
    Tally tally = new Tally(2);
    tally.add(0, 0, 0.5, 0.01);
    tally.add(1, 0, 1.5, 0.16);
    tally.add(1, 1, 0.25, 0.04);
    Metrics metrics = tally.metrics();
    assertThat(metrics.examples()).isEqualTo(3);
    assertThat(metrics.accuracy()).isCloseTo(2.0 / 3, within(1e-15));
    assertThat(metrics.loss()).isCloseTo(0.75, within(1e-15));
    assertThat(metrics.mse()).isCloseTo(0.07, within(1e-15));
    assertThat(metrics.confusion()).isEqualTo(new ConfusionMatrix(2, new long[] {1, 0, 1, 1}));
  }

  /** Losses are whole multiples of 2^-10, of which doubles hold the sums exactly. */
  @Property(tries = 200)
  void partsOfAnySizeAddUpToTheWhole(
      @ForAll @IntRange(min = 1, max = 300) int examples,
      @ForAll @IntRange(min = 1, max = 8) int workers,
      @ForAll long seed) {
    CounterRandom random = new CounterRandom(seed);
    Tally whole = new Tally(5);
    Tally[] parts = new Tally[workers];
    for (int worker = 0; worker < workers; worker++) {
      parts[worker] = new Tally(5);
    }
    for (int i = 0; i < examples; i++) {
      int label = random.nextInt(5);
      int predicted = random.nextInt(5);
      double loss = random.nextInt(5000) * 0x1p-10;
      double squaredError = random.nextInt(1000) * 0x1p-10;
      whole.add(label, predicted, loss, squaredError);
      parts[random.nextInt(workers)].add(label, predicted, loss, squaredError);
    }
    Tally sum = new Tally(5);
    for (Tally part : parts) {
      sum.add(part);
    }
    assertThat(sum.metrics()).isEqualTo(whole.metrics());
    assertThat(sum.lossSum()).isEqualTo(whole.lossSum());
  }

  @Property(tries = 100)
  void whatIsDecodedIsWhatWasEncoded(
      @ForAll @IntRange(min = 1, max = 12) int classes,
      @ForAll @IntRange(min = 0, max = 100) int examples,
      @ForAll boolean littleEndian,
      @ForAll long seed) {
    CounterRandom random = new CounterRandom(seed);
    Tally tally = new Tally(classes);
    for (int i = 0; i < examples; i++) {
      tally.add(
          random.nextInt(classes),
          random.nextInt(classes),
          random.nextGaussian(),
          random.nextDouble());
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(Tally.encodedLength(classes))
            .order(littleEndian ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    tally.encode(bytes);
    assertThat(bytes.hasRemaining()).isFalse();
    Tally decoded = Tally.decode(bytes.flip(), classes);
    assertThat(decoded.examples()).isEqualTo(examples);
    assertThat(decoded.confusion()).isEqualTo(tally.confusion());
    assertThat(decoded.lossSum()).isEqualTo(tally.lossSum());
    assertThat(decoded.squaredErrorSum()).isEqualTo(tally.squaredErrorSum());
  }

  @Test
  void aDivergedLossIsKeptAndNotHidden() {
    Tally tally = new Tally(2);
    tally.add(0, 1, Double.NaN, 0.5);
    tally.add(0, 0, 1, 0.5);
    ByteBuffer bytes = ByteBuffer.allocate(Tally.encodedLength(2));
    tally.encode(bytes);
    assertThat(Tally.decode(bytes.flip(), 2).metrics().loss()).isNaN();
  }

  @Test
  void bytesThatAreNoTallyAreRefused() {
    assertThatThrownBy(() -> Tally.decode(ByteBuffer.allocate(47), 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("47 bytes are left but a tally of 2 classes has 48");
    assertThatThrownBy(() -> Tally.decode(bytes(1, 0.5, 3, -1, 0, 0), 2))
        .hasMessage("count 1 is -1 after a total of 3, which no tally can have");
    assertThatThrownBy(() -> Tally.decode(bytes(1, 0.5, Long.MAX_VALUE, 1, 0, 0), 2))
        .hasMessage("count 1 is 1 after a total of 9223372036854775807, which no tally can have");
    assertThatThrownBy(() -> Tally.decode(bytes(1, -0.5, 1, 1, 0, 0), 2))
        .hasMessage("the sum of squared errors is -0.5 but cannot be negative");
    assertThatThrownBy(() -> Tally.decode(ByteBuffer.allocate(48), 1 << 20))
        .hasMessage("classes is 1048576 but must be from 1 to 4096");
  }

  @Test
  void classesOutOfRangeAreRefused() {
    Tally tally = new Tally(2);
    assertThatThrownBy(() -> tally.add(2, 0, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("label 2, predicted 0, but classes are 0 to 1");
    assertThatThrownBy(() -> tally.add(0, -1, 0, 0))
        .hasMessage("label 0, predicted -1, but classes are 0 to 1");
    assertThatThrownBy(() -> tally.add(new Tally(3)))
        .hasMessage("a tally of 3 classes cannot be added to one of 2");
    assertThatThrownBy(() -> new Tally(0)).hasMessage("classes is 0 but must be from 1 to 4096");
  }

  @Test
  void nothingTalliedHasNoMetrics() {
    assertThatThrownBy(() -> new Tally(2).metrics())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no example was tallied, so there are no metrics");
  }

  private static ByteBuffer bytes(double lossSum, double squaredErrorSum, long... counts) {
    ByteBuffer bytes = ByteBuffer.allocate(48).putDouble(lossSum).putDouble(squaredErrorSum);
    for (long count : counts) {
      bytes.putLong(count);
    }
    return bytes.flip();
  }
}
