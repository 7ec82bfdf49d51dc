/* Covers the faces of raw RGB frames: camera WIDTH HEIGHT RATE <in.rgb >out.rgb */
#include <faceveil.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    faceveil_frames *frames = NULL;
    faceveil_error error = {FACEVEIL_STATUS_OK, ""};
    faceveil_image image = {NULL, 0, 0, 0, 0, FACEVEIL_ORDER_RGB};
    uint64_t number;
    int more = 1, received = 0, rate = argc == 4 ? atoi(argv[3]) : 0;
    if (rate < 1) return 2;
    image.width = (uint32_t)atoi(argv[1]);
    image.height = (uint32_t)atoi(argv[2]);
    image.stride = (size_t)image.width * 3;
    image.size = image.stride * image.height;
    if (!(image.data = (uint8_t *)malloc(image.size))) return 1;
    more = !faceveil_frames_new(NULL, image.width, image.height, image.order, 0, 0, &frames, &error);
    for (number = 0; more && !error.status; number++) {
        more = fread(image.data, 1, image.size, stdin) == image.size;
        if (more) faceveil_frames_push(frames, &image, number * 1000000 / (uint64_t)rate, &error);
        if (!more) faceveil_frames_finish(frames, &error);
        while (!error.status && !faceveil_frames_receive(frames, &image, NULL, &received, &error) && received)
            fwrite(image.data, 1, image.size, stdout);
    }
    if (error.status) fprintf(stderr, "%s\n", error.message);
    free(image.data);
    faceveil_frames_free(frames);
    return error.status != 0 || fflush(stdout) != 0;
}
