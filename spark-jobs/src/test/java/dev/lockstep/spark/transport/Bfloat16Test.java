package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Rounding to bfloat16 against its definition, in exact arithmetic. */
class Bfloat16Test {
  @Property(tries = 3000)
  void theNearestIsTakenAndOfTwoTheEven(@ForAll int bits) {
    assertNearest(Float.intBitsToFloat(bits));
  }

  @Property
  void aNumberHalfwayBetweenTwoGoesToTheEvenOne(@ForAll short upper) {
    assertNearest(Float.intBitsToFloat((upper & 0xFFFF) << 16 | 0x8000));
  }

  private static void assertNearest(float value) {
    if (!Float.isFinite(value)) {
      return;
    }
    short encoded = Bfloat16.encode(value);
    short below = (short) (Float.floatToRawIntBits(value) >>> 16);
    short above = (short) (below + 1);
    BigDecimal exact = new BigDecimal(value);
    int nearer = exact.subtract(value(below)).abs().compareTo(value(above).subtract(exact).abs());
    short expected = nearer == 0 ? ((below & 1) == 0 ? below : above) : nearer < 0 ? below : above;
    assertThat(encoded).isEqualTo(expected);
  }

  /** What follows the greatest finite one is where the next power of two would be. */
  private static BigDecimal value(short bits) {
    float value = Bfloat16.decode(bits);
    return Float.isInfinite(value)
        ? BigDecimal.valueOf(2).pow(128).multiply(BigDecimal.valueOf(Math.signum(value)))
        : new BigDecimal(value);
  }

  @Property(tries = 3000)
  void whatIsOneAlreadyIsKept(@ForAll short bits) {
    float value = Bfloat16.decode(bits);
    assertThat(Float.floatToRawIntBits(value)).isEqualTo(bits << 16);
    if (!Float.isNaN(value)) {
      assertThat(Bfloat16.encode(value)).isEqualTo(bits);
    }
  }

  @Property
  void aNotANumberStaysOneWithItsSign(
      @ForAll @IntRange(min = 1, max = 0x7FFFFF) int payload, @ForAll boolean negative) {
    float nan = Float.intBitsToFloat((negative ? 0xFF800000 : 0x7F800000) | payload);

    short encoded = Bfloat16.encode(nan);

    assertThat(Bfloat16.decode(encoded)).isNaN();
    assertThat(encoded < 0).isEqualTo(negative);
  }

  @Example
  void infinitiesAndZerosAreKeptAndWhatIsTooLargeBecomesInfinite() {
    for (float kept :
        List.of(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f, 1f, -2.5f)) {
      assertThat(Bfloat16.decode(Bfloat16.encode(kept))).isEqualTo(kept);
    }
    assertThat(Bfloat16.decode(Bfloat16.encode(Float.MAX_VALUE))).isInfinite();
  }

  @Property
  void vectorsAreRoundedNumberByNumberInLittleEndianOrder(@ForAll float[] values) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(values.length * Bfloat16.BYTES);
    float[] decoded = new float[values.length];

    Bfloat16.encode(FloatBuffer.wrap(values), bytes);
    Bfloat16.decode(
        bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN),
        FloatBuffer.wrap(decoded),
        0,
        values.length);

    for (int i = 0; i < values.length; i++) {
      short each = Bfloat16.encode(values[i]);
      assertThat(bytes.get(2 * i)).isEqualTo((byte) each);
      assertThat(bytes.get(2 * i + 1)).isEqualTo((byte) (each >> 8));
      assertThat(decoded[i]).isEqualTo(Bfloat16.decode(each));
    }
  }
}
