package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sdot;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;

import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.BatchNormalization;
import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;

/**
 * Batch normalisation (Ioffe and Szegedy, 2015). While training, each channel is normalised by its
 * mean and biased variance over the batch, and the running statistics get, as if it were their
 * gradient, the amount by which each example would lower them: {@code (1 - momentum) * (running -
 * batch's)}. In prediction, the running statistics normalise.
 */
final class BatchNormalizationStage implements Stage {
  private static final int BLOCK = 4096;

  private final BatchNormalization definition;
  private final Vectors vectors;
  private final Segment gamma;
  private final Segment beta;
  private final Segment runningMean;
  private final Segment runningVariance;
  private final Tensor input;
  private final Tensor output;
  private final Tensor normalized;
  private final Nonlinearity nonlinearity;
  private final int channels;
  private final int area;
  private final FloatPointer ones;
  private final FloatBuffer sums;
  private final FloatPointer sumPointer;
  private final FloatBuffer deviations = FloatVector.allocate(BLOCK);
  private final FloatPointer deviationPointer = new FloatPointer(deviations);
  private final float[] scales;
  private final float[] shifts;
  private final float[] means;
  private final float[] variances;
  private final float[] inverseDeviations;
  private final float[] values = new float[BLOCK];
  private final float[] others = new float[BLOCK];

  /** A layer on top of {@code input}, of {@code shape}: of a vector, each number is a channel. */
  BatchNormalizationStage(
      BatchNormalization definition,
      Vectors vectors,
      List<Segment> segments,
      Tensor input,
      ActivationShape shape,
      int capacity,
      Nonlinearity nonlinearity) {
    this.definition = definition;
    this.vectors = vectors;
    this.gamma = Vectors.segment(segments, BatchNormalizationParamInitializer.GAMMA);
    this.beta = Vectors.segment(segments, BatchNormalizationParamInitializer.BETA);
    this.runningMean = Vectors.segment(segments, BatchNormalizationParamInitializer.GLOBAL_MEAN);
    this.runningVariance = Vectors.segment(segments, BatchNormalizationParamInitializer.GLOBAL_VAR);
    this.input = input;
    this.output = new Tensor(shape, capacity, true);
    this.normalized = new Tensor(shape, capacity, false);
    this.nonlinearity = nonlinearity;
    this.channels = shape instanceof Image image ? image.channels() : shape.size();
    this.area = shape.size() / channels;
    float[] one = new float[area * capacity];
    Arrays.fill(one, 1);
    this.ones = new FloatPointer(FloatVector.of(one));
    this.sums = FloatVector.allocate(channels);
    this.sumPointer = new FloatPointer(sums);
    this.scales = new float[channels];
    this.shifts = new float[channels];
    this.means = new float[channels];
    this.variances = new float[channels];
    this.inverseDeviations = new float[channels];
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    int length = area * pass.examples();
    int stride = stride(pass);
    vectors.parameters().get(gamma.offset(), scales);
    vectors.parameters().get(beta.offset(), shifts);
    if (pass.training()) {
      normalizeByBatch(length, stride);
    } else {
      normalizeByRunningStatistics(length, stride);
    }
    nonlinearity.forward(output, pass);
  }

  /** How far it is from one channel to the next. */
  private int stride(Pass pass) {
    int examples = pass.examples();
    return input.channels() == channels ? input.stride(examples) : examples;
  }

  private void normalizeByBatch(int length, int stride) {
    sum(input.values(0), length, stride);
    sums.get(0, means);
    for (int channel = 0; channel < channels; channel++) {
      int from = channel * stride;
      means[channel] /= length;
      variances[channel] = (float) (squares(from, length, means[channel]) / length);
      inverseDeviations[channel] = inverseDeviation(variances[channel]);
      normalize(channel, from, length);
    }
  }

  /** The sum of the squares of a channel's numbers, less {@code mean} each. */
  private double squares(int offset, int length, float mean) {
    double sum = 0;
    for (int start = offset; start < offset + length; start += BLOCK) {
      int count = Math.min(BLOCK, offset + length - start);
      input.values().get(start, values, 0, count);
      affine(values, values, 1, -mean, count);
      deviations.put(0, values, 0, count);
      sum += cblas_sdot(count, deviationPointer, 1, deviationPointer, 1);
    }
    return sum;
  }

  private void normalize(int channel, int offset, int length) {
    float inverse = inverseDeviations[channel];
    for (int start = offset; start < offset + length; start += BLOCK) {
      int count = Math.min(BLOCK, offset + length - start);
      input.values().get(start, values, 0, count);
      center(values, means[channel], inverse, count);
      normalized.values().put(start, values, 0, count);
      affine(values, others, scales[channel], shifts[channel], count);
      output.values().put(start, others, 0, count);
    }
  }

  private void normalizeByRunningStatistics(int length, int stride) {
    vectors.parameters().get(runningMean.offset(), means);
    vectors.parameters().get(runningVariance.offset(), variances);
    for (int channel = 0; channel < channels; channel++) {
      float scale = scales[channel] * inverseDeviation(variances[channel]);
      float shift = shifts[channel] - means[channel] * scale;
      normalize(channel * stride, length, scale, shift);
    }
  }

  private float inverseDeviation(float variance) {
    return (float) (1 / Math.sqrt(variance + definition.epsilon()));
  }

  /** Writes the sum of each channel's numbers to {@link #sums}. */
  private void sum(FloatPointer rows, int length, int stride) {
    cblas_sgemv(
        CblasRowMajor, CblasNoTrans, channels, length, 1, rows, stride, ones, 1, 0, sumPointer, 1);
  }

  private void normalize(int offset, int length, float scale, float shift) {
    for (int start = offset; start < offset + length; start += BLOCK) {
      int count = Math.min(BLOCK, offset + length - start);
      input.values().get(start, values, 0, count);
      affine(values, values, scale, shift, count);
      output.values().put(start, values, 0, count);
    }
  }

  private static void center(float[] numbers, float mean, float factor, int length) {
    for (int i = 0; i < length; i++) {
      numbers[i] = (numbers[i] - mean) * factor;
    }
  }

  private static void affine(float[] from, float[] to, float scale, float shift, int length) {
    for (int i = 0; i < length; i++) {
      to[i] = from[i] * scale + shift;
    }
  }

  @Override
  public void backward(Pass pass) {
    int length = area * pass.examples();
    int stride = stride(pass);
    nonlinearity.backward(output, pass);
    sum(output.gradient(0), length, stride);
    vectors.gradient().put(beta.offset(), sums, 0, channels);
    for (int channel = 0; channel < channels; channel++) {
      int from = channel * stride;
      float sum = sums.get(channel);
      float product = cblas_sdot(length, output.gradient(from), 1, normalized.values(from), 1);
      vectors.gradient().put(gamma.offset() + channel, product);
      if (input.differentiable()) {
        float factor = scales[channel] * inverseDeviations[channel];
        giveToInput(from, length, factor, sum / length, product / length);
      }
    }
    drift(runningMean, means, pass.examples());
    drift(runningVariance, variances, pass.examples());
  }

  private void giveToInput(int offset, int length, float factor, float mean, float slope) {
    for (int start = offset; start < offset + length; start += BLOCK) {
      int count = Math.min(BLOCK, offset + length - start);
      output.gradient().get(start, values, 0, count);
      normalized.values().get(start, others, 0, count);
      for (int i = 0; i < count; i++) {
        values[i] = factor * (values[i] - mean - slope * others[i]);
      }
      input.gradient().put(start, values, 0, count);
    }
  }

  private void drift(Segment running, float[] ofBatch, int examples) {
    float weight = (float) (examples * (1 - definition.momentum()));
    for (int channel = 0; channel < channels; channel++) {
      float current = vectors.parameters().get(running.offset() + channel);
      vectors.gradient().put(running.offset() + channel, weight * (current - ofBatch[channel]));
    }
  }
}
