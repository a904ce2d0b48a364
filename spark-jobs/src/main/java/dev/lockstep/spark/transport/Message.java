package dev.lockstep.spark.transport;

import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.Directive.TrainLocally;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.UUID;

/**
 * What workers and coordinator say to one another, in {@link #BYTES} little-endian bytes.
 *
 * @param place the worker that speaks or is spoken to
 */
record Message(Place place, Content content) {
  /** Length of every message but {@link Aborted}, which text follows. */
  static final int BYTES = 80;

  /** The most bytes of {@link Aborted}'s text. */
  static final int MOST_TEXT = 4096;

  private static final int MAGIC = 0x54534b4c; // LKST
  private static final short VERSION = 2;

  /**
   * One attempt of one worker.
   *
   * @param run of which training
   */
  record Place(UUID run, int rank, long attempt) {}

  /** What is said: its code, and what fills the rest of the message. */
  sealed interface Content {
    short code();

    default void write(ByteBuffer to) {}
  }

  /**
   * I want to take my place.
   *
   * @param nonce of the worker, as hexadecimal digits: drawn for this connection alone
   */
  record Join(String nonce) implements Content {
    /** Bytes of a nonce. */
    static final int NONCE = 32;

    @Override
    public short code() {
      return 1;
    }

    @Override
    public void write(ByteBuffer to) {
      to.put(HexFormat.of().parseHex(nonce), 0, NONCE);
    }
  }

  /**
   * I live.
   *
   * @param advances how many batches I have computed since I joined
   */
  record Heartbeat(long advances) implements Content {
    @Override
    public short code() {
      return 2;
    }

    @Override
    public void write(ByteBuffer to) {
      to.putInt(0).putLong(advances);
    }
  }

  /**
   * Here comes a contribution's vector.
   *
   * @param round which is answered, counted from 0 for each attempt
   * @param index which of the worker's contributions
   * @param nanos how long the worker has computed, from what was published to the last contribution
   */
  record Contributed(long round, int index, double loss, long hits, long examples, long nanos)
      implements Content {
    @Override
    public short code() {
      return 3;
    }

    @Override
    public void write(ByteBuffer to) {
      to.putInt(index)
          .putLong(round)
          .putDouble(loss)
          .putLong(hits)
          .putLong(examples)
          .putLong(nanos);
    }
  }

  /** Here comes a shard's tally. */
  record Evaluated(long round, int shard) implements Content {
    @Override
    public short code() {
      return 4;
    }

    @Override
    public void write(ByteBuffer to) {
      to.putInt(shard).putLong(round);
    }
  }

  /** Leave: a later attempt has taken your place. */
  record Fenced(long current) implements Content {
    @Override
    public short code() {
      return 5;
    }

    @Override
    public void write(ByteBuffer to) {
      to.putInt(0).putLong(current);
    }
  }

  /** Leave: the run has failed. */
  record Aborted(String reason) implements Content {
    private static final short CODE = 6;

    @Override
    public short code() {
      return CODE;
    }
  }

  /** Here comes what is published, and this is to do next; nothing comes with {@link Finish}. */
  record Published(long round, Directive directive) implements Content {
    @Override
    public short code() {
      if (directive instanceof ComputeGradient) {
        return 10;
      }
      if (directive instanceof TrainLocally) {
        return 11;
      }
      return (short) (directive instanceof Evaluate ? 12 : 13);
    }

    @Override
    public void write(ByteBuffer to) {
      to.putInt(0).putLong(round);
      if (directive instanceof ComputeGradient gradient) {
        to.putLong(gradient.step()).putInt(gradient.epoch()).putInt(gradient.batch());
      } else if (directive instanceof TrainLocally local) {
        to.putLong(local.firstStep()).putInt(local.epoch());
        to.putInt(local.firstBatch()).putInt(local.batches());
      } else if (directive instanceof Evaluate evaluate) {
        to.putInt(evaluate.part().ordinal());
      }
    }
  }

  /** The message's bytes, in a new buffer. */
  ByteBuffer encode() {
    byte[] text =
        content instanceof Aborted aborted
            ? aborted.reason().getBytes(StandardCharsets.UTF_8)
            : new byte[0];
    ByteBuffer bytes =
        ByteBuffer.allocate(BYTES + Math.min(text.length, MOST_TEXT))
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(MAGIC)
            .putShort(VERSION)
            .putShort(content.code())
            .putLong(place.run().getMostSignificantBits())
            .putLong(place.run().getLeastSignificantBits())
            .putLong(place.attempt())
            .putInt(place.rank());
    content.write(bytes);
    bytes.position(BYTES);
    return bytes.put(text, 0, bytes.remaining()).flip();
  }

  /**
   * Reads a message.
   *
   * @throws IllegalArgumentException if it is none
   */
  static Message decode(ByteBuffer bytes) {
    ByteBuffer from = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (from.remaining() < BYTES || from.remaining() > BYTES + MOST_TEXT) {
      throw wrongLength(from);
    }
    if (from.getInt() != MAGIC) {
      throw new IllegalArgumentException("the bytes are no message of this program");
    }
    short version = from.getShort();
    if (version != VERSION) {
      throw new IllegalArgumentException(
          "a message has version %d but must have %d; driver and executors need the same program"
              .formatted(version, VERSION));
    }
    short code = from.getShort();
    if (code != Aborted.CODE && from.limit() != BYTES) {
      throw wrongLength(from);
    }
    UUID run = new UUID(from.getLong(), from.getLong());
    long attempt = from.getLong();
    Place place = new Place(run, from.getInt(), attempt);
    return new Message(place, decodeContent(code, from));
  }

  private static IllegalArgumentException wrongLength(ByteBuffer bytes) {
    return new IllegalArgumentException(
        "a message has %d bytes but must have %d".formatted(bytes.limit(), BYTES));
  }

  private static Content decodeContent(short code, ByteBuffer from) {
    if (code == 1) {
      byte[] nonce = new byte[Join.NONCE];
      from.get(nonce);
      return new Join(HexFormat.of().formatHex(nonce));
    }
    int index = from.getInt();
    long round = from.getLong();
    return switch (code) {
      case 2 -> new Heartbeat(round);
      case 3 ->
          new Contributed(
              round, index, from.getDouble(), from.getLong(), from.getLong(), from.getLong());
      case 4 -> new Evaluated(round, index);
      case 5 -> new Fenced(round);
      case Aborted.CODE ->
          new Aborted(StandardCharsets.UTF_8.decode(from.position(BYTES)).toString());
      case 10 -> new Published(round, decodeGradient(from));
      case 11 -> new Published(round, decodeLocal(from));
      case 12 -> new Published(round, new Evaluate(decodePart(from.getInt())));
      case 13 -> new Published(round, new Finish());
      default -> throw new IllegalArgumentException("there is no message of kind " + code);
    };
  }

  private static Directive decodeGradient(ByteBuffer from) {
    long step = from.getLong();
    return new ComputeGradient(from.getInt(), from.getInt(), step);
  }

  private static Directive decodeLocal(ByteBuffer from) {
    long firstStep = from.getLong();
    return new TrainLocally(from.getInt(), from.getInt(), from.getInt(), firstStep);
  }

  private static Part decodePart(int ordinal) {
    if (ordinal < 0 || ordinal >= Part.values().length) {
      throw new IllegalArgumentException("there is no part of the data of number " + ordinal);
    }
    return Part.values()[ordinal];
  }
}
