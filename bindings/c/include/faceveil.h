/* libfaceveil: finds faces in photos and videos and covers them. Manual: docs/c.md.
 *
 * Every function that returns a faceveil_status takes a faceveil_error last, which may be NULL.
 * Handles may be used by several threads at once, but for faceveil_options, faceveil_frames
 * and the functions that free. Made by cbindgen from bindings/c/src; see tests/header.rs there. */

#ifndef FACEVEIL_H
#define FACEVEIL_H

#include <stddef.h>
#include <stdint.h>

/**
 * What became of a call.
 */
enum faceveil_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It is done.
   */
  FACEVEIL_STATUS_OK = 0,
  /**
   * The input is of a kind that is recognised and not handled.
   */
  FACEVEIL_STATUS_UNSUPPORTED = 1,
  /**
   * The input is damaged, truncated or not what it says it is.
   */
  FACEVEIL_STATUS_MALFORMED = 2,
  /**
   * The input is larger than a limit, or than memory.
   */
  FACEVEIL_STATUS_TOO_LARGE = 3,
  /**
   * An argument or an option makes no sense.
   */
  FACEVEIL_STATUS_INVALID_ARGUMENT = 4,
  /**
   * The new file could not be written.
   */
  FACEVEIL_STATUS_OUTPUT = 5,
  /**
   * The caller asked to stop.
   */
  FACEVEIL_STATUS_INTERRUPTED = 6,
  /**
   * An inference engine, device or model could not be had, or failed.
   */
  FACEVEIL_STATUS_ENGINE = 7,
  /**
   * A bug in the library. Nothing was written.
   */
  FACEVEIL_STATUS_INTERNAL = 8,
  /**
   * The input cannot be opened or read.
   */
  FACEVEIL_STATUS_INPUT = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum faceveil_status faceveil_status;
#else
typedef uint32_t faceveil_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which channel each byte of a pixel holds, in the order of memory. Opacity is not changed.
 */
enum faceveil_order
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Red, green, blue.
   */
  FACEVEIL_ORDER_RGB = 0,
  /**
   * Blue, green, red.
   */
  FACEVEIL_ORDER_BGR = 1,
  /**
   * Red, green, blue, opacity.
   */
  FACEVEIL_ORDER_RGBA = 2,
  /**
   * Blue, green, red, opacity.
   */
  FACEVEIL_ORDER_BGRA = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum faceveil_order faceveil_order;
#else
typedef uint32_t faceveil_order;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Finds and covers faces. Any number of threads may use one at once.
 */
typedef struct faceveil_anonymizer faceveil_anonymizer;

/**
 * A stream of frames. Used by one thread at a time.
 */
typedef struct faceveil_frames faceveil_frames;

/**
 * What is to be done, by names and values. Used by one thread at a time.
 */
typedef struct faceveil_options faceveil_options;

/**
 * What became of a file. It does not change, so threads may share it.
 */
typedef struct faceveil_result faceveil_result;

/**
 * Why a call failed. Every call that is given one fills it in.
 */
typedef struct faceveil_error {
  /**
   * A value of faceveil_status.
   */
  uint32_t status;
  /**
   * A sentence in UTF-8 that ends with a zero byte, cut to fit. Empty if the status is
   * FACEVEIL_STATUS_OK.
   */
  char message[256];
} faceveil_error;

/**
 * Pixels of 8 bits a channel in the caller's memory: upright, the first row on top.
 */
typedef struct faceveil_image {
  /**
   * The first byte of the first row.
   */
  uint8_t *data;
  /**
   * Bytes from there on that may be used.
   */
  size_t size;
  /**
   * Width in pixels.
   */
  uint32_t width;
  /**
   * Height in pixels.
   */
  uint32_t height;
  /**
   * Bytes from the start of a row to the start of the next.
   */
  size_t stride;
  /**
   * A value of faceveil_order.
   */
  uint32_t order;
} faceveil_image;

/**
 * A face: its box in pixels of the upright picture, origin at the top left. It may reach beyond
 * the edge.
 */
typedef struct faceveil_face {
  /**
   * Left edge.
   */
  float x;
  /**
   * Top edge.
   */
  float y;
  /**
   * Width.
   */
  float width;
  /**
   * Height.
   */
  float height;
  /**
   * Confidence, 0 to 1.
   */
  float score;
  /**
   * Frame or page, from 0.
   */
  uint32_t frame;
} faceveil_face;

/**
 * A rectangle in pixels, origin at the top left. It may reach beyond the edge of the picture.
 */
typedef struct faceveil_rectangle {
  /**
   * Left edge.
   */
  float x;
  /**
   * Top edge.
   */
  float y;
  /**
   * Width.
   */
  float width;
  /**
   * Height.
   */
  float height;
} faceveil_rectangle;

/**
 * Called after every frame: `frames` are done, of `total`, which is 0 where the file does not say it.
 * The video stops if it returns anything but 0. It must return: no exception and no longjmp.
 */
typedef int (*faceveil_progress)(uint64_t frames, uint64_t total, void *user);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Version of the library, such as "0.1.0". Never freed.
 */
const char *faceveil_version(void);

/**
 * Loads the networks and checks that the options fit together. NULL for `options`: the defaults. They
 * are copied, so they may be changed or freed afterwards. Freed with faceveil_anonymizer_free.
 *
 * # Safety
 * `options` is NULL or from faceveil_options_new; `*anonymizer` may be written to.
 */
faceveil_status faceveil_anonymizer_new(const struct faceveil_options *options,
                                        struct faceveil_anonymizer **anonymizer,
                                        struct faceveil_error *error);

/**
 * Frees an anonymizer. Results stay. NULL is ignored.
 *
 * # Safety
 * `anonymizer` is NULL, or is from faceveil_anonymizer_new, was not freed, and no call is using it.
 */
void faceveil_anonymizer_free(struct faceveil_anonymizer *anonymizer);

/**
 * Covers the faces of a photo file of `size` bytes: the result has the new file, the report and the
 * faces. `*result` is NULL unless the status is FACEVEIL_STATUS_OK. Freed with faceveil_result_free.
 *
 * # Safety
 * `anonymizer` is from faceveil_anonymizer_new; `data` points to `size` bytes; `*result` may be written
 * to.
 */
faceveil_status faceveil_photo(const struct faceveil_anonymizer *anonymizer,
                               const uint8_t *data,
                               size_t size,
                               struct faceveil_result **result,
                               struct faceveil_error *error);

/**
 * Finds the faces of a photo file of `size` bytes and writes nothing: the result has the report and
 * the faces. Freed with faceveil_result_free.
 *
 * # Safety
 * As of faceveil_photo.
 */
faceveil_status faceveil_detect(const struct faceveil_anonymizer *anonymizer,
                                const uint8_t *data,
                                size_t size,
                                struct faceveil_result **result,
                                struct faceveil_error *error);

/**
 * Names what a photo or video file of `size` bytes still hides: metadata, thumbnails, unused bytes. The
 * result has a report. A damaged file is no error: `damage` in the report says why. Freed with
 * faceveil_result_free.
 *
 * # Safety
 * `data` points to `size` bytes; `*result` may be written to.
 */
faceveil_status faceveil_inspect(const uint8_t *data,
                                 size_t size,
                                 struct faceveil_result **result,
                                 struct faceveil_error *error);

/**
 * Starts a stream of frames of this size and order, a faceveil_order. A frame is given back when
 * `look_ahead` frames after it were searched, so that a face is covered before it is first seen and
 * where it is missed: 0 for the usual 12, 2 to 4096. `threads` frames are searched at a time: 0 for 1.
 * NULL for `options`: the defaults, with the preset "fast". Freed with faceveil_frames_free.
 *
 * # Safety
 * `options` is NULL or from faceveil_options_new; `*frames` may be written to.
 */
faceveil_status faceveil_frames_new(const struct faceveil_options *options,
                                    uint32_t width,
                                    uint32_t height,
                                    uint32_t order,
                                    uint32_t look_ahead,
                                    uint32_t threads,
                                    struct faceveil_frames **frames,
                                    struct faceveil_error *error);

/**
 * Frees a stream and the frames in it. NULL is ignored.
 *
 * # Safety
 * `frames` is NULL, or is from faceveil_frames_new, was not freed, and no call is using it.
 */
void faceveil_frames_free(struct faceveil_frames *frames);

/**
 * Most frames that are held back: a frame can be received once so many more were pushed. 0 for NULL.
 *
 * # Safety
 * `frames` is NULL or from faceveil_frames_new.
 */
size_t faceveil_frames_delay(const struct faceveil_frames *frames);

/**
 * Copies the next frame into the stream. `microseconds` is when it was captured, counted from any start;
 * it never goes back. After FACEVEIL_STATUS_INVALID_ARGUMENT the frame was not taken and the stream goes
 * on; after any other failure it takes no more.
 *
 * # Safety
 * `frames` is from faceveil_frames_new; nobody else uses the bytes of `image` during the call.
 */
faceveil_status faceveil_frames_push(struct faceveil_frames *frames,
                                     const struct faceveil_image *image,
                                     uint64_t microseconds,
                                     struct faceveil_error *error);

/**
 * Writes the next covered frame into `image`, which has the size and order of the stream, and 1 to
 * `*received`; 0 if none is ready, and then `image` is unchanged. `*microseconds`, which may be NULL,
 * becomes the time of the frame.
 *
 * # Safety
 * `frames` is from faceveil_frames_new; nobody else uses the bytes of `image` during the call;
 * `*received` may be written to, and so may `*microseconds` unless it is NULL.
 */
faceveil_status faceveil_frames_receive(struct faceveil_frames *frames,
                                        const struct faceveil_image *image,
                                        uint64_t *microseconds,
                                        int *received,
                                        struct faceveil_error *error);

/**
 * Ends the stream: all frames that are left can be received.
 *
 * # Safety
 * `frames` is from faceveil_frames_new.
 */
faceveil_status faceveil_frames_finish(struct faceveil_frames *frames,
                                       struct faceveil_error *error);

/**
 * Options with the defaults of the `faceveil` command. NULL only without memory. Freed with
 * faceveil_options_free.
 */
struct faceveil_options *faceveil_options_new(void);

/**
 * Frees options; what was made from them stays. NULL is ignored.
 *
 * # Safety
 * `options` is NULL, or is from faceveil_options_new and was not freed.
 */
void faceveil_options_free(struct faceveil_options *options);

/**
 * Sets an option, by the name and the value that the command takes: "preset" "thorough", "style"
 * "solid", "max-pixels" "50M". "region" and "ignore" may be set several times. docs/c.md lists them.
 *
 * # Safety
 * `options` is from faceveil_options_new; `name` and `value` end with a zero byte.
 */
faceveil_status faceveil_options_set(struct faceveil_options *options,
                                     const char *name,
                                     const char *value,
                                     struct faceveil_error *error);

/**
 * Sets the picture of the style "image": a photo file of `size` bytes, of any format that is read,
 * at most 4096 pixels a side. Its opacity is used.
 *
 * # Safety
 * `options` is from faceveil_options_new; `data` points to `size` bytes.
 */
faceveil_status faceveil_options_set_image(struct faceveil_options *options,
                                           const uint8_t *data,
                                           size_t size,
                                           struct faceveil_error *error);

/**
 * Gives a network as an ONNX file in memory, which is copied. `name` is that of the bundled one it
 * stands for: "centerface.onnx". Once one is given, the bundled ones are not used.
 *
 * # Safety
 * `options` is from faceveil_options_new; `name` ends with a zero byte; `data` points to `size` bytes.
 */
faceveil_status faceveil_options_add_model(struct faceveil_options *options,
                                           const char *name,
                                           const uint8_t *data,
                                           size_t size,
                                           struct faceveil_error *error);

/**
 * The new file, and its size in bytes; NULL and 0 where there is none, as after faceveil_detect.
 * Valid until the result is freed.
 *
 * # Safety
 * `result` is NULL or a result; `size` is NULL or may be written to.
 */
const uint8_t *faceveil_result_data(const struct faceveil_result *result, size_t *size);

/**
 * Media type of the new file, such as "image/jpeg"; NULL where there is none. Valid until the result is
 * freed.
 *
 * # Safety
 * `result` is NULL or a result.
 */
const char *faceveil_result_type(const struct faceveil_result *result);

/**
 * The report as JSON: docs/report.md, or docs/inspect.md after faceveil_inspect. NULL for NULL. Valid
 * until the result is freed.
 *
 * # Safety
 * `result` is NULL or a result.
 */
const char *faceveil_result_report(const struct faceveil_result *result);

/**
 * The faces that were found, and their number; NULL and 0 where there is none. Valid until the result
 * is freed.
 *
 * # Safety
 * `result` is NULL or a result; `count` is NULL or may be written to.
 */
const struct faceveil_face *faceveil_result_faces(const struct faceveil_result *result,
                                                  size_t *count);

/**
 * Frees a result with its file, report and faces. NULL is ignored.
 *
 * # Safety
 * `result` is NULL, or a result that was not freed and that no call is using.
 */
void faceveil_result_free(struct faceveil_result *result);

/**
 * Covers the faces in pixels, in place. On any status but FACEVEIL_STATUS_OK they are unchanged. For
 * frames that follow each other, faceveil_frames_new starts what misses fewer.
 *
 * `*count` becomes the number of regions that were covered, and the first `capacity` of them are
 * written to `regions`; both may be NULL.
 *
 * # Safety
 * `anonymizer` is from faceveil_anonymizer_new; nobody else uses the bytes of `image` during the call;
 * `regions` is NULL or has space for `capacity`; `count` is NULL or may be written to.
 */
faceveil_status faceveil_pixels(const struct faceveil_anonymizer *anonymizer,
                                const struct faceveil_image *image,
                                struct faceveil_rectangle *regions,
                                size_t capacity,
                                size_t *count,
                                struct faceveil_error *error);

/**
 * Covers the faces of the video file `input` and writes the file `output`, which is replaced once the
 * new one is whole. Faces are followed through time; unless "preset" was set, with the preset "fast".
 * The result has the report and the faces. Freed with faceveil_result_free.
 *
 * `progress` may be NULL; it is called by the calling thread, with `user`.
 *
 * # Safety
 * `anonymizer` is from faceveil_anonymizer_new; `input` and `output` end with a zero byte; `*result`
 * may be written to.
 */
faceveil_status faceveil_video(const struct faceveil_anonymizer *anonymizer,
                               const char *input,
                               const char *output,
                               faceveil_progress progress,
                               void *user,
                               struct faceveil_result **result,
                               struct faceveil_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FACEVEIL_H */
